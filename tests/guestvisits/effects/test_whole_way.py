"""Book, and everything is there; the third day passes or the visit is cancelled: all is back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.outbox.models import Message
from guestvisits.models import GuestVisit
from tests.guestvisits.effects.world import World, both_ways

pytestmark = pytest.mark.django_db(transaction=True)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def answered(world: World) -> list:
    """Members of group B answered its series and its first meeting; their entries then."""
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    ben, meeting = world.person("Ben"), world.meeting("B")
    world.calendar.respond(ben, "declined", world.group("B"), meeting)
    return world.entries("B")


def access_ends(world: World, number: int = 1):
    return world.meeting("B", number).starts_at + 3 * DAY


# -- booked, over --------------------------------------------------------------------------------


@both_ways
def test_a_visit_opens_what_it_should_within_one_turn_of_a_worker(world, answered, way):
    world.book("Ada", "B")
    world.work()

    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]
    assert world.entries("B", but=["Ada"]) == answered
    assert world.told("B") == ["Ada is joining"]
    assert world.told("A") == ["Ada is away"]
    assert world.told("C") == []
    assert world.answers("Ada") == {"Group A 1": "not_attending", "Group B 1": "guest: attending"}
    assert world.invited("Ada", "A") == [1, 2, 3], "the home group's invitations stay"


def test_when_the_third_day_has_passed_access_is_gone(world, answered):
    world.book("Ada", "B")
    world.work()
    world.move_clock(access_ends(world) - 2 * MINUTE)
    world.minute()
    assert world.access("Ada") == {"A", "B"}
    assert world.told("B") == ["Ada is joining", "Ada guest visit has ended"]

    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.told("B") == ["Ada is joining", "Ada guest visit has ended"]
    assert world.entries("B", but=["Ada"]) == answered
    assert GuestVisit.objects.get().end_reason == "over"
    assert world.troubles() == []


def test_a_second_pass_at_any_time_changes_nothing(world):
    world.book("Ada", "B")
    world.work()
    for moment in (world.now, access_ends(world) - 4 * MINUTE, access_ends(world)):
        world.move_clock(moment)
        world.minute()
        seen = world.sandbox.last
        world.hour()
        assert world.sandbox.writes(since=seen) == []


# -- cancelled -----------------------------------------------------------------------------------


@both_ways
def test_a_cancelled_visit_gives_everything_back(world, answered, way):
    world.book("Ada", "B")
    world.work()
    world.calendar.forget_mails()
    world.cancel("Ada", "B")
    world.work()

    assert world.access("Ada") == {"A"}
    assert world.invited("Ada", "B") == []
    assert world.entries("B") == answered
    assert world.told("B") == ["Ada is joining", "Ada is not joining"]
    assert world.answers("Ada") == {"Group A 1": "pending"}
    assert ("ada", "cancellation") in world.calendar.mails


@pytest.mark.matrix
def test_after_cancelling_the_same_meeting_can_be_booked_again(world, answered):
    for _ in range(2):
        world.book("Ada", "B")
        world.work()
        world.cancel("Ada", "B")
        world.work()
    world.book("Ada", "B")
    world.work()
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]
    assert world.entries("B", but=["Ada"]) == answered


@pytest.mark.matrix
def test_booked_and_cancelled_before_a_worker_looks_leaves_no_trace_outside(world):
    seen = world.sandbox.last
    world.book("Ada", "B")
    world.cancel("Ada", "B")
    world.minute()
    assert world.sandbox.writes(since=seen) == []
    assert world.told("B") == world.told("A") == []


# -- days ahead ----------------------------------------------------------------------------------


def test_ten_days_ahead_there_is_no_access_until_six_days_before(world):
    host, home = world.meeting("B", 2).starts_at, world.meeting("A", 2).starts_at
    assert host - world.now > 10 * DAY
    world.book("Ada", "B", 2)
    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.told("A") == world.told("B") == []
    assert world.invited("Ada", "B") == [2], "the invitation stands from the first"

    world.move_clock(home - 6 * DAY)
    world.minute()
    assert world.told("A") == ["Ada is away"]
    world.move_clock(host - 6 * DAY - 2 * MINUTE)
    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.told("B") == []

    world.minute()
    assert world.access("Ada") == {"A", "B"}
    assert world.told("B") == ["Ada is joining"]


@pytest.mark.matrix
def test_a_visit_cancelled_before_its_access_began_is_never_announced_on_discord(world):
    world.book("Ada", "B", 2)
    world.minute()
    world.cancel("Ada", "B", 2)
    world.minute()
    assert world.invited("Ada", "B") == []
    world.move_clock(world.meeting("B", 2).starts_at - 5 * DAY)
    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.told("A") == world.told("B") == []


# -- the worker is down --------------------------------------------------------------------------


def test_with_the_worker_down_across_both_moments_nothing_was_ever_open(world):
    world.book("Ada", "B")
    world.move_clock(access_ends(world) + MINUTE)
    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.told("B") == world.told("A") == []
    grants = [call for call in world.sandbox.writes(method="PUT") if "/roles/" in call["path"]]
    ada = str(world.person("Ada").discord_id)
    assert sum(ada in call["path"] for call in grants) == 1, "the role of her own group"


@pytest.mark.matrix
def test_with_the_worker_down_when_access_begins_it_begins_a_minute_later(world):
    world.book("Ada", "B", 2)
    world.move_clock(world.meeting("B", 2).starts_at - 2 * DAY)
    world.minute()
    assert world.access("Ada") == {"A", "B"}
    assert world.told("B") == ["Ada is joining"]
    assert world.invited("Ada", "B") == [2]


@pytest.mark.parametrize(
    "away",
    [2 * DAY, *(pytest.param(n, marks=pytest.mark.matrix) for n in (timedelta(hours=1), 30 * DAY))],
)
def test_with_the_worker_down_when_access_ends_it_ends_a_minute_later(world, away):
    world.book("Ada", "B")
    world.work()
    world.move_clock(access_ends(world) + away)
    world.minute()
    assert world.access("Ada") == {"A"}
    heard = ["Ada guest visit has ended"] if away < 3 * DAY else []
    assert world.told("B") == ["Ada is joining", *heard]
    assert world.troubles() == []


@pytest.mark.matrix
def test_with_the_worker_down_when_a_visit_is_cancelled_it_ends_a_minute_later(world):
    world.book("Ada", "B")
    world.work()
    world.cancel("Ada", "B")
    world.pass_time(hours=5)
    world.minute()
    assert world.access("Ada") == {"A"}
    assert world.invited("Ada", "B") == []


def test_a_lost_queue_costs_a_minute(world):
    """What was queued is gone with the broker's rows; the facts are still there."""
    world.book("Ada", "B")
    world.lose_queue()
    world.work()
    assert world.access("Ada") == {"A"}
    world.minute()
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]


# -- e-mail --------------------------------------------------------------------------------------


def test_the_guest_is_written_to_when_a_visit_is_booked_and_cancelled(world, mailoutbox):
    world.book("Ada", "B")
    world.minute()
    world.cancel("Ada", "B")
    world.minute()
    visits = [email for email in mailoutbox if "visit" in email.subject]
    assert [(email.to, email.subject) for email in visits] == [
        (["ada@example.org"], "You're visiting Group B in week 1"),
        (["ada@example.org"], "Your visit to Group B is cancelled"),
    ]
    assert not Message.objects.exclude(state="sent").exists()
