"""A move is asked for; calendar, events, access and messages follow by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from cohorts.models import Membership
from guestvisits.models import GuestVisit
from guestvisits.selectors import guest_windows
from meetings.models import Meeting
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SCHEDULED = 1


@pytest.fixture(autouse=True)
def _facilitated(world: World) -> None:
    """Bea leads group B, and everything owed so far has been sent."""
    Membership.objects.filter(user__name="Bea").update(role=Membership.Role.FACILITATOR)
    world.minute(2)
    mail.outbox.clear()


def ask(world: World, path: str, **body: Any) -> None:
    client = Client()
    client.force_login(world.person("Bea"))
    answer = client.post(f"/api/{path}", body, content_type="application/json")
    assert answer.status_code == 200, answer.content.decode()


def of_meeting(world: World, what: str, number: int = 2, **body: Any) -> None:
    ask(world, f"meetings/{world.meeting('B', number).pk}/{what}", **body)
    world.minute(2)


def facts(world: World) -> list[str]:
    held = Meeting.objects.filter(group=world.group("B"), status="scheduled")
    return sorted(start.strftime("%F %R") for start in held.values_list("starts_at", flat=True))


def in_calendar(world: World) -> list[str]:
    """When the members are invited: one entry for each standing occurrence or event."""
    listed = world.calendar.ask("events?singleEvents=true&maxResults=2500")["items"]
    mine = [one for one in listed if "bea@example.org" in str(one.get("attendees", ())).lower()]
    assert all("ben@example.org" in str(one["attendees"]).lower() for one in mine)
    return sorted(one["start"]["dateTime"][:16].replace("T", " ") for one in mine)


def in_discord(world: World) -> list[str]:
    """The scheduled events of the group: two weeks ahead, and what stood before it was moved."""
    events = world.sandbox.get("state")["discord"]["events"].values()
    mine = [e for e in events if e["name"].startswith("Group B") and e["status"] == SCHEDULED]
    return sorted(str(event["start"])[:16].replace("T", " ") for event in mine)


def within_two_weeks(world: World, starts: list[str]) -> list[str]:
    return [start for start in starts if start <= (world.now + 14 * DAY).strftime("%F %R")]


def assert_all_follow(world: World) -> None:
    assert in_calendar(world) == facts(world)
    events = in_discord(world)
    assert set(within_two_weeks(world, facts(world))) <= set(events) <= set(facts(world))
    assert len(events) == len(set(events))
    assert world.troubles() == []
    before = world.sandbox.last
    world.hour()
    assert [call for call in world.sandbox.writes() if call["number"] > before] == []


def told() -> list[tuple[str, str]]:
    return sorted((letter.to[0].partition("@")[0], str(letter.subject)) for letter in mail.outbox)


MOVES = {
    "reschedule": lambda world: of_meeting(
        world, "reschedule", starts_at=(world.meeting("B", 2).starts_at + 26 * HOUR).isoformat()
    ),
    "cancel": lambda world: of_meeting(world, "cancel"),
    "postpone": lambda world: of_meeting(world, "postpone", later_too=True),
    "to the end": lambda world: of_meeting(world, "postpone", later_too=False),
    "add": lambda world: (
        ask(
            world,
            f"groups/{world.group('B').pk}/meetings",
            starts_at=(world.meeting("B", 2).starts_at + 50 * HOUR).isoformat(),
        ),
        world.minute(2),
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_calendar_and_events_follow_each_move_and_then_rest(world, move):
    MOVES[move](world)
    assert_all_follow(world)


@pytest.mark.parametrize("move", MOVES)
def test_each_member_is_told_once_of_each_move(world, move):
    MOVES[move](world)
    world.minute(3)
    assert [who for who, _ in told()] == ["bea", "ben"]
    heads = ("**Another time", "**Cancelled", "**One more meeting")
    assert len([text for text in world.said("B") if text.startswith(heads)]) == 1


def test_a_cancelled_meeting_that_is_held_after_all_stands_everywhere_again(world):
    of_meeting(world, "cancel")
    of_meeting(world, "restore")
    assert_all_follow(world)
    assert len(told()) == 4  # of both, since the first was sent before the second was known


def test_postponing_is_one_cancelled_occurrence_and_one_event_of_its_own(world):
    before = set(in_calendar(world))
    of_meeting(world, "postpone", later_too=True)
    after = set(in_calendar(world))
    assert len(before - after) == len(after - before) == 1
    assert len(world.calendar.singles(world.group("B"))) == 1
    assert len(world.calendar.all_series) == 3  # one a group, as before


def test_a_broken_visit_loses_its_access_and_the_guest_is_told_what_is_left(world):
    world.book("Ada", "B", 1)
    world.minute(2)
    assert world.access("Ada") == {"A", "B"}
    mail.outbox.clear()

    moved = world.meeting("B", 1).starts_at + 3 * HOUR
    of_meeting(world, "reschedule", 1, starts_at=moved.isoformat())
    assert world.access("Ada") == {"A"}
    assert GuestVisit.objects.get().end_reason == "host_moved"
    assert ("ada", "Your visit to Group B in week 1 has ended") in told()
    (letter,) = (one for one in mail.outbox if one.to[0].startswith("ada"))
    assert "Group C" in letter.body
    assert not [w for w in guest_windows(None, world.now) if w.is_open]
    assert_all_follow(world)


def test_reminders_follow_to_the_new_time(world):
    old = world.meeting("B", 1).starts_at
    of_meeting(world, "reschedule", 1, starts_at=(old + 30 * HOUR).isoformat())
    mail.outbox.clear()
    world.move_clock(old - 24 * HOUR)
    world.minute(2)
    assert not [subject for _, subject in told() if "Group B" in subject]
    world.move_clock(old + 6 * HOUR)
    world.minute(2)
    of_b = [who for who, subject in told() if subject.startswith("Week 1 of Group B")]
    assert of_b == ["bea", "ben"]
    reminder = [text for text in world.said("B") if "begins" in text]
    assert len(reminder) == 1
    assert f"<@{world.person('Ben').discord_id}>" in reminder[0]
