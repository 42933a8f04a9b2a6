"""A move is asked for; calendar, events, access and messages follow automatically."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from cohorts.models import Membership
from guestvisits.models import GuestVisit
from guestvisits.windows import guest_windows
from meetings.models import Attendance, Meeting
from tests.guestvisits.effects.world import World
from tests.meetings.outside.looking import (
    assert_all_follow,
    assert_rests,
    emails,
    held,
    members,
    told_of_moves,
)
from tests.meetings.outside.moves import HOUR, KINDS, Kind, add, cancel, of_week, postpone, restore
from tests.support.kept_worlds import BuildOnce

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def led(world: World, build_once: BuildOnce) -> None:
    """Bea leads group B, and every pending message has been sent."""

    def lead() -> None:
        Membership.objects.filter(user__name="Bea").update(role=Membership.Role.FACILITATOR)
        world.minute(2)

    build_once("Bea leads group B, and was told so", lead)
    mail.outbox.clear()


@pytest.fixture
def visited(world: World, led: None, build_once: BuildOnce) -> World:
    """Carl visits group B in week 1 and Ada in week 2; Bea has said that she comes, Ben that he
    doesn't come in week 1."""
    build_once("group B with two guests and two answers", lambda: visit_and_answer(world))
    mail.outbox.clear()
    return world


def visit_and_answer(world: World) -> None:
    world.book("Carl", "B", 1)
    world.book("Ada", "B", 2)
    world.minute(2)
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    ben, first = world.person("Ben"), world.meeting("B", 1)
    world.calendar.respond(ben, "declined", world.group("B"), first)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "slot" else pytest.mark.matrix) for name in KINDS],
)
def test_everything_follows_each_move_everyone_is_notified_once_and_then_nothing_changes(
    visited, name
):
    world, kind = visited, KINDS[name]
    first, second = world.entries("B", 1), world.entries("B", 2, but=["Ada"])
    do_before(world, kind)
    said = len(told_of_moves(world, "B"))

    kind.do(world)
    world.minute(3)

    assert_all_follow(world)
    assert_told_once(world, said, broken=kind.breaks)
    if name != "slot of all":
        assert world.entries("B", 1) == first  # and no answer is lost
    if kind.keeps_place:
        assert world.entries("B", 2, but=["Ada"]) == second
    is_broken = kind.breaks or kind.before is not None
    assert_visits(world, is_broken, first_too=name == "slot of all")
    assert_rests(world)


def do_before(world: World, kind: Kind) -> None:
    if kind.before:
        kind.before(world)
    world.minute(2)
    mail.outbox.clear()


def assert_told_once(world: World, said: int, *, broken: bool) -> None:
    assert len(told_of_moves(world, "B")) == said + 1
    of_visits = emails("Your visit to Group B in week 2")
    assert [who for who, _ in of_visits] == ["ada"] * broken
    told = [each for each in emails("Group B") if "Your visit" not in each[1]]
    assert [who for who, _ in told] == ["bea", "ben"]


def assert_visits(world: World, broken: bool, *, first_too: bool) -> None:
    ended = GuestVisit.objects.exclude(ended_at=None)
    names = {visit.user.name for visit in ended.select_related("user")}
    assert names == ({"Ada"} if broken else set()) | ({"Carl"} if first_too else set())
    windows = [window for window in guest_windows(None, world.now) if window.is_open]
    assert len(windows) == 2 - len(names)


@pytest.mark.matrix
@pytest.mark.parametrize("name", [name for name in KINDS if name != "slot of all"])
def test_each_is_reminded_of_the_times_that_hold_after_a_move(visited, name):
    world, kind = visited, KINDS[name]
    do_before(world, kind)
    kind.do(world)
    world.minute(2)
    mail.outbox.clear()
    for meeting in held(world, "B"):
        for ahead in (24 * HOUR, HOUR):
            world.move_clock(meeting.starts_at - ahead)
            world.minute(2)
    assert reminders(world) == sorted(
        (who, meeting.title)
        for meeting in Meeting.objects.filter(group=world.group("B"), status="scheduled")
        for who in coming(world, meeting)
    )


def coming(world: World, meeting: Meeting) -> list[str]:
    """Twice each who is to be reminded of it: members who did not decline, and guests."""
    declined = Attendance.objects.filter(meeting=meeting, rsvp=Attendance.Rsvp.NOT_ATTENDING)
    away = set(declined.values_list("user__name", flat=True))
    guests = Attendance.objects.filter(meeting=meeting, is_guest=True)
    here = {*members(world, "B"), *guests.values_list("user__name", flat=True)} - away
    return [name.lower() for name in here] * 2


def reminders(world: World) -> list[tuple[str, str]]:
    return [(who, subject.partition(" of ")[0]) for who, subject in emails("of Group B")]


@pytest.mark.matrix
def test_a_cancelled_meeting_that_is_restored_is_announced_twice(world, led):
    for move in (cancel, restore):
        move(world)
        world.minute(2)
    assert_all_follow(world)
    assert len(emails("Group B")) == 4  # the first was sent before the second was known


def test_postponing_is_one_cancelled_occurrence_and_one_event_of_its_own(world, led):
    before = {m.starts_at for m in held(world, "B")}
    postpone(world)
    world.minute(2)
    after = {m.starts_at for m in held(world, "B")}
    assert len(before - after) == len(after - before) == 1
    assert len(world.calendar.singles(world.group("B"))) == 1
    assert len(world.calendar.all_series) == 3  # one a group, as before


def test_a_broken_visit_loses_its_access_and_the_guest_reads_what_is_left(world, led):
    world.book("Ada", "B", 1)
    world.minute(2)
    assert world.access("Ada") == {"A", "B"}
    mail.outbox.clear()

    moved = world.meeting("B", 1).starts_at + 3 * HOUR
    of_week(world, "reschedule", 1, starts_at=moved.isoformat())
    world.minute(2)
    assert world.access("Ada") == {"A"}
    assert GuestVisit.objects.get().end_reason == "host_moved"
    (email,) = (one for one in mail.outbox if one.to[0].startswith("ada"))
    assert email.subject == "Your visit to Group B in week 1 has ended"
    assert "Group C" in email.body
    assert_all_follow(world)


def test_reminders_follow_to_the_new_time(world, led):
    old = world.meeting("B", 1).starts_at
    of_week(world, "reschedule", 1, starts_at=(old + 30 * HOUR).isoformat())
    world.minute(2)
    mail.outbox.clear()
    world.move_clock(old - 24 * HOUR)
    world.minute(2)
    assert emails("of Group B") == []
    world.move_clock(old + 6 * HOUR)
    world.minute(2)
    assert [who for who, _ in emails("Week 1 of Group B")] == ["bea", "ben"]
    reminder = [text for text in world.said("B") if "begins" in text]
    assert len(reminder) == 1
    assert f"<@{world.person('Ben').discord_id}>" in reminder[0]


@pytest.mark.matrix
def test_a_meeting_added_and_moved_at_once_is_announced_once(world, led):
    add(world)
    extra = Meeting.objects.get(group=world.group("B"), number=None)
    later = extra.starts_at + timedelta(hours=3)
    of_week(world, "reschedule", None, starts_at=later.isoformat())
    world.minute(3)
    assert_all_follow(world)
    assert len(emails("Group B")) == 2
    assert len(told_of_moves(world, "B")) == 1
