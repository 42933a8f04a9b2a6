"""What a change costs, up to its commit and right after it: receivers act on what they need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.models import Group, Membership
from cohorts.roster.importing import import_roster
from cohorts.services.memberships import add_member
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import EarlierSlot
from tests.support.academy import Academy
from tests.support.roster import make_academy

pytestmark = pytest.mark.django_db(transaction=True)

CLOCK = "clock_offset"  # only a sandbox reads it


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def academy(transactional_db: None, now: datetime) -> Academy:
    return Academy(now)


def run(change: Callable[[], Any]) -> list[str]:
    """Return the queries of a change and of what happens at its commit."""
    with CaptureQueriesContext(connection) as queries:
        change()
    return [query["sql"] for query in queries if CLOCK not in query["sql"]]


def reads_rhythm(sql: list[str]) -> bool:
    return any(EarlierSlot._meta.db_table in each for each in sql)


def reads_visits(sql: list[str]) -> bool:
    return any(each.startswith(f'SELECT "{GuestVisit._meta.db_table}"') for each in sql)


def test_a_booking_and_a_cancel_derive_no_meetings_and_update_no_visits(academy, now):
    alice = academy.add_member("Alice", "A")
    home, host = academy.meeting("A"), academy.meeting("B")

    booking = run(
        lambda: book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    )
    assert len(booking) <= 16
    assert not reads_rhythm(booking)
    committed = booking[booking.index("COMMIT") :]
    assert not reads_visits(committed), "the visit that was just written is not updated"

    cancel = run(lambda: cancel_visit(alice.pk, host_meeting_id=host.pk, now=now))
    assert len(cancel) <= 14
    assert not reads_rhythm(cancel)
    assert not reads_visits(cancel[cancel.index("COMMIT") :])


def test_a_new_member_derives_no_meetings(academy, now):
    bob = academy.add_person("Bob")
    sql = run(lambda: add_member(academy.groups["A"].pk, bob.pk, now=now))
    assert len(sql) <= 20
    assert not reads_rhythm(sql)


@pytest.mark.parametrize("others", [0, 12])
def test_a_new_group_costs_the_same_with_any_number_of_groups(now, transactional_db, others):
    academy = Academy(now, groups="ABCDEFGHIJKL"[:others])
    one = academy.cohort

    def create() -> None:
        Group.objects.create(cohort=one, name="Group X", weekday=0, start_time=now.time())

    assert len(run(create)) <= 32


def test_three_groups_and_a_member_cost_what_each_of_them_costs(academy, now):
    dora = academy.add_person("Dora")

    def create() -> None:
        for number in range(3):
            academy.groups[f"X{number}"] = academy._add_group(f"X{number}", 5 + number)
        Membership.objects.create(user=dora, group=academy.groups["X0"])

    assert len(run(create)) <= 3 * 32 + 17


def test_a_roster_that_changes_people_costs_the_same_for_any_number(now, transactional_db):
    counts = []
    for cohort, people in (("Small", 3), ("Large", 30)):
        lines = make_academy(2, people, first=100 * people, cohort=cohort)
        import_roster(lines.encode(), now=now)
        renamed = lines.replace("Person", "Somebody").encode()
        counts.append(len(run(lambda renamed=renamed: import_roster(renamed, now=now))))
    assert counts[0] == counts[1]
