"""What calendar, Discord and mail show of a group's meetings, and what the facts say they should.

The facts are read from the rows alone; nothing of the product that decides is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core import mail
from django.test import Client

from cohorts.models import Membership
from guestvisits.models import GuestVisit
from meetings.models import Meeting
from tests.guestvisits.effects.world import World

DAY = timedelta(days=1)
SCHEDULED = 1
# The beginning of what a group's channel reads about a move.
TOLD = re.compile(r"^\*\*(New time|New weekly time|New meeting|Cancelled|Meeting after all)")


def ask(world: World, who: str, path: str, **body: Any) -> None:
    """A facilitator asks for a move through the API."""
    client = Client()
    client.force_login(world.person(who))
    answer = client.post(f"/api/{path}", body, content_type="application/json")
    assert answer.status_code == 200, answer.content.decode()


# -- what should be ------------------------------------------------------------------------------


def held(world: World, group: str) -> list[Meeting]:
    """The group's meetings that are still to begin."""
    mine = Meeting.objects.filter(group=world.group(group), status="scheduled")
    return list(mine.filter(starts_at__gt=world.now).order_by("starts_at"))


def members(world: World, group: str) -> list[str]:
    active = Membership.objects.filter(group=world.group(group), status="active")
    return sorted(active.values_list("user__name", flat=True))


def times(meetings: Iterable[Meeting]) -> list[tuple[str, str]]:
    return sorted(
        (minute(m.starts_at.isoformat()), minute(m.ends_at.isoformat())) for m in meetings
    )


def minute(text: str) -> str:
    return text[:16].replace("T", " ")


def visited(name: str) -> list[Meeting]:
    visits = GuestVisit.objects.filter(user__name=name, ended_at=None)
    return [visit.host_meeting for visit in visits.select_related("host_meeting")]


# -- what is -------------------------------------------------------------------------------------


def invited(world: World, name: str) -> list[tuple[str, str]]:
    """Start and end of everything that exists and is still to begin that a person is invited to."""
    now = world.now.isoformat().replace("+00:00", "Z")
    listed = world.calendar.ask(f"events?singleEvents=true&timeMin={now}&maxResults=2500")["items"]
    address = str(world.person(name).email)
    mine = (one for one in listed if address in str(one.get("attendees")).lower())
    return sorted(
        (minute(one["start"]["dateTime"]), minute(one["end"]["dateTime"]))
        for one in mine
        if minute(one["start"]["dateTime"]) > minute(world.now.isoformat())
    )


def events(world: World, group: str) -> list[tuple[str, str]]:
    """The group's scheduled events in the Discord server."""
    standing = world.sandbox.get("state")["discord"]["events"].values()
    name = str(world.group(group).name)
    mine = [e for e in standing if e["name"].startswith(name) and e["status"] == SCHEDULED]
    return sorted((minute(str(event["start"])), minute(str(event["end"]))) for event in mine)


def told_of_moves(world: World, group: str) -> list[str]:
    return [text for text in world.said(group) if TOLD.match(text)]


def emails(about: str) -> list[tuple[str, str]]:
    """Return who was sent which e-mail, of those whose subject contains this text."""
    found = [(one.to[0].partition("@")[0], str(one.subject)) for one in mail.outbox]
    return sorted(each for each in found if about in each[1])


# -- whether they agree --------------------------------------------------------------------------


def assert_calendar_follows(world: World) -> None:
    """Everyone is invited once to each meeting of their group and to each that they visit."""
    for group in world.academy.groups:
        for name in members(world, group):
            expected = held(world, group) + visited(name)
            assert invited(world, name) == times(expected), f"{name} of {group}"


def assert_events_follow(world: World) -> None:
    """One event for each meeting of the next two weeks; there is nothing at any other time."""
    for group in world.academy.groups:
        all_times = times(held(world, group))
        soon = times(m for m in held(world, group) if m.starts_at <= world.now + 14 * DAY)
        found = events(world, group)
        assert len(found) == len(set(found))
        assert set(soon) <= set(found) <= set(all_times)


def assert_access_follows(world: World) -> None:
    """Each has the role of the own group, and of those visited within six days."""
    for group in world.academy.groups:
        for name in members(world, group):
            near = (m for m in visited(name) if m.starts_at - 6 * DAY <= world.now)
            hosts = {m.group.name.removeprefix("Group ") for m in near}
            assert world.access(name) == {group} | hosts


def assert_all_follow(world: World) -> None:
    assert_calendar_follows(world)
    assert_events_follow(world)
    assert_access_follows(world)
    assert world.troubles() == []


def assert_rests(world: World) -> None:
    """A second comparison of everything writes nothing."""
    before = world.sandbox.last
    world.hour()
    assert [call for call in world.sandbox.writes() if call["number"] > before] == []
