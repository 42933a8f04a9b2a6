"""What happened in the system that came before, and what would have caught it (visits)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Membership
from cohorts.outbox.models import Message
from guestvisits.models import GuestVisit
from guestvisits.selectors import list_visits
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def visited(world: World) -> World:
    world.book("Ada", "B")
    world.work()
    return world


def test_real_failure_3_a_pull_of_answers_made_the_visit_pending_and_invisible(visited):
    """The guest lost access, the visit vanished from the list, and booking again was refused."""
    ada = visited.person("Ada")
    for answer in ("needsAction", "accepted"):
        visited.calendar.respond(ada, answer, visited.group("B"), visited.meeting("B"))
        visited.calendar.respond(ada, answer, visited.group("A"))
        visited.calendar.do("expire_tokens")  # everything is read again
        visited.hour()
        said = visited.answers("Ada")
        assert said["Group A 1"] == "not_attending"
        assert said["Group B 1"] == "guest: attending"
        assert visited.access("Ada") == {"A", "B"}
        (mine,) = list_visits(ada.pk, visited.now)
        assert not mine.visit.ended_early

    visited.cancel("Ada", "B")
    visited.work()
    visited.book("Ada", "B")
    assert GuestVisit.objects.filter(ended_at=None).count() == 1


def test_real_failure_11_access_hung_on_one_timer_that_a_bot_which_was_down_had_lost(visited):
    """It stayed open for ever."""
    visited.move_clock(visited.meeting("B").starts_at + 3 * DAY - timedelta(hours=1))
    visited.lose_queue()
    visited.pass_time(hours=2)
    visited.minute()
    assert visited.access("Ada") == {"A"}


@pytest.mark.matrix
def test_real_failure_11_a_failed_removal_was_not_retried_and_brought_the_guest_back(visited):
    """The next pull took the attendee who was left over for a member."""
    visited.sandbox.set_faults(
        {"kind": "error", "status": 500, "service": "google", "method": "PATCH"}
    )
    visited.cancel("Ada", "B")
    visited.work()
    host = visited.meeting("B")
    visited.calendar.respond(visited.person("Ada"), "accepted", visited.group("B"), host)
    visited.sandbox.set_faults()
    visited.minute()
    visited.calendar.do("expire_tokens")
    visited.hour()
    assert visited.invited("Ada", "B") == []
    assert visited.access("Ada") == {"A"}
    assert Membership.objects.get(user__name="Ada").group == visited.group("A")
    assert visited.answers("Ada") == {"Group A 1": "pending"}


def reminded(world: World, group: str) -> set[str]:
    """Who is written to within the last day before a group's first meeting."""
    meeting = world.meeting(group)
    world.move_clock(meeting.starts_at - timedelta(hours=23))
    world.minute()
    emails = Message.objects.filter(kind="reminder", channel="email", state="sent")
    sent = emails.filter(context__meeting=meeting.pk)
    return set(sent.values_list("user__name", flat=True))


def test_real_failure_12_visitors_were_reminded_of_the_meeting_at_home(visited):
    """And not of the one that they were going to."""
    assert reminded(visited, "A") == {"Alan"}
    assert reminded(visited, "B") == {"Ada", "Bea", "Ben"}


@pytest.mark.matrix
def test_real_failure_12_a_guest_who_has_cancelled_is_reminded_at_home_again(visited):
    visited.cancel("Ada", "B")
    assert reminded(visited, "A") == {"Ada", "Alan"}
    assert reminded(visited, "B") == {"Bea", "Ben"}
