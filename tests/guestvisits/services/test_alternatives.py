"""What someone who can't attend is offered: open meetings, and the others with their reason."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.errors import Refusal
from guestvisits.services.alternatives import find_alternatives
from guestvisits.services.booking import book_visit
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


def test_meetings_of_the_same_week_are_offered_the_earliest_first(academy, alice, now):
    found = find_alternatives(alice.pk, academy.meeting("A", 2).pk, now)
    assert [option.meeting for option in found.options] == [
        academy.meeting("B", 2),
        academy.meeting("C", 2),
    ]
    assert found.open == found.options
    assert found.refusal is None


def test_what_is_not_open_is_listed_with_its_reason(academy, alice, now):
    cancel_meeting(academy.meeting("B").pk, now=now)
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    assert [option.meeting.group.name for option in found.open] == ["Group C"]
    [option] = found.not_open
    assert option.meeting.group.name == "Group B"
    assert option.refusal.code == "meeting_cancelled"


def test_a_group_with_two_facilitators_is_listed_once_and_names_both(academy, alice, now):
    # In the system that came before it was listed twice.
    academy.add_facilitator("Zoe", "B")
    academy.add_facilitator("Bob", "B")
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    facilitators = [option.facilitators for option in found.options]
    assert facilitators == [("Bob", "Zoe"), ()]


def test_seats_are_counted_where_they_are_limited(academy, alice, now):
    carol = academy.add_member("Carol", "C")
    book_visit(
        carol.pk,
        home_meeting_id=academy.meeting("C").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    assert [option.seats_left for option in found.options] == [None, None]
    academy.cohort.guest_seats = 1
    academy.cohort.save()
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    assert [option.seats_left for option in found.options] == [0, 1]
    assert [option.meeting.group.name for option in found.open] == ["Group C"]


def test_a_reason_about_the_guest_is_given_once_for_all(academy, alice, now):
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    assert found.refusal.code == "already_visiting"
    assert found.open == ()


def test_a_meeting_moved_into_another_calendar_week_is_still_of_its_week(academy, alice, now):
    meeting = academy.meeting("B")
    move_meeting(meeting.pk, starts_at=meeting.starts_at + timedelta(days=10), now=now)
    found = find_alternatives(alice.pk, academy.meeting("A").pk, now)
    assert [option.meeting.group.name for option in found.open] == ["Group C", "Group B"]


def test_a_meeting_of_a_group_to_which_the_person_never_belonged_reveals_nothing(
    academy, alice, now
):
    for meeting_id in (academy.meeting("B").pk, 10**9):
        with pytest.raises(Refusal) as refusal:
            find_alternatives(alice.pk, meeting_id, now)
        assert refusal.value.code == "no_meeting"


def test_alternatives_cost_six_queries_in_3_groups_and_in_60(now):
    for groups in (3, 60):
        names = [f"{number:02}" for number in range(groups)]
        academy = Academy(now, groups=names, name=f"{groups} groups")
        guest = academy.add_member(f"Guest of {groups}", "00")
        for name in names[1:]:
            academy.add_facilitator(f"Facilitator of {groups} {name}", name)
        home = academy.meeting("00")
        with CaptureQueriesContext(connection) as queries:
            assert len(find_alternatives(guest.pk, home.pk, now).options) == groups - 1
        assert len(queries) == 6
