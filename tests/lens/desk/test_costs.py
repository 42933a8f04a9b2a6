"""What the page costs, from a few groups to many: queries, and the size of the page."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import AccessState, Cohort, Course, Group, Membership, User
from cohorts.reconcile.models import ProviderState
from meetings.models import Attendance, Meeting

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]

MOST_QUERIES = 25
MOST_BYTES = 150_000
CLOCK = "clock_offset"  # read again after some seconds; only a sandbox has it
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def make_academy(groups: int, members: int, *, ended: int = 0, cohorts: int = 6) -> None:
    """Cohorts in their second week with these groups in all, where many things need staff.

    In bulk, and so without what facts cause: this is about reading.  Each group has a facilitator
    who declined; one of its people has not joined, and another one has no address.
    """
    course = Course.objects.create(name="Safety")
    made = Cohort.objects.bulk_create(
        Cohort(
            course=course,
            name=f"Cohort {n}",
            start_date=(NOW - timedelta(days=10)).date(),
            number_of_meetings=8,
            status="open" if n < cohorts else "completed",
            ended_at=None if n < cohorts else NOW - timedelta(days=400),
        )
        for n in range(cohorts + (1 if ended else 0))
    )
    live = [_group(made[n % cohorts], n) for n in range(groups)]
    past = [_group(made[-1], groups + n, status="completed") for n in range(ended)]
    rows = Group.objects.bulk_create([*live, *past])
    Meeting.objects.bulk_create(
        Meeting(
            group=group,
            number=week + 1,
            starts_at=NOW + timedelta(days=7 * (week - 1) + n % 5, hours=n % 9 + 1),
            duration_minutes=60,
        )
        for n, group in enumerate(rows)
        for week in range(8)
    )
    _fill(rows[:groups], members, 0, status="active")
    _fill(rows[groups:], members, groups * members, status="completed", left_at=NOW)
    ProviderState.objects.create(provider="discord", last_seen_at=NOW + timedelta(hours=1))


def _group(cohort: Cohort, n: int, **fields: object) -> Group:
    return Group(
        cohort=cohort,
        name=f"Species number {n}",
        weekday=n % 5,
        start_time=time(18),
        timezone="Europe/Berlin",
        set_up_at=NOW - timedelta(days=20),
        **{"status": "active", **fields},
    )


def _fill(groups: list[Group], members: int, first: int, **fields: object) -> None:
    people = User.objects.bulk_create(
        User(
            email=f"person{first + n}@example.org" if n % members != 1 else None,
            name=f"Person Number {first + n}",
            discord_id=300000000000000000 + first + n,
        )
        for n in range(len(groups) * members)
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            group=groups[n // members],
            cohort_id=groups[n // members].cohort_id,
            role="participant" if n % members else "facilitator",
            **fields,
        )
        for n, person in enumerate(people)
    )
    if fields["status"] != "active":
        return
    AccessState.objects.bulk_create(
        AccessState(
            user=person,
            group=groups[n // members],
            provider=provider,
            state="not_joined" if n % members == 2 and provider == "discord" else "granted",
        )
        for n, person in enumerate(people)
        for provider in ("discord", "calendar")
    )
    meetings = {m.group_id: m for m in Meeting.objects.filter(number=2)}
    Attendance.objects.bulk_create(
        Attendance(
            meeting=meetings[groups[n // members].pk],
            user=person,
            rsvp="attending" if n % members else "not_attending",
        )
        for n, person in enumerate(people)
    )


def open_today(client: Client) -> tuple[int, str]:
    return read_page(client, "/admin/today/")


def read_page(client: Client, address: str) -> tuple[int, str]:
    """Return the number of queries, and the page."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    sql = [query["sql"] for query in queries if CLOCK not in query["sql"]]
    return len(sql), answer.content.decode()


@pytest.mark.parametrize(
    ("groups", "members", "ended"),
    [
        pytest.param(3, 10, 0, marks=pytest.mark.matrix),
        pytest.param(300, 10, 1700, marks=pytest.mark.matrix),
        (60, 5, 100),
    ],
)
def test_today_takes_25_queries_with_any_number_of_groups_and_people(
    manager, groups, members, ended
):
    make_academy(groups, members, ended=ended)
    open_today(manager)
    queries, page = open_today(manager)
    assert "not_joined:" in page, "the world has what costs queries"
    assert "no_facilitator:" in page
    assert "no_mail:" in page
    assert queries <= MOST_QUERIES


def test_the_page_stays_small_with_240_live_groups(manager):
    make_academy(240, 8)
    _, page = open_today(manager)
    assert "Later meetings" in page
    assert len(page.encode()) <= MOST_BYTES
