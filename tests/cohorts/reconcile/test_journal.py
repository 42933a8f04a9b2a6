"""What is written to Discord for a small cohort, a booking, and a second sync: each call, by lane.

How much is planned again after a call changes none of this.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from cohorts import clock
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.support.cohort import FIRST_DISCORD_ID, MadeCohort, join, make_cohort, realize, work
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

REALIZED = {
    "roles": ["Group 1 (Spring)", "Group 2 (Spring)"],
    "channels": [
        "Safety - Spring",
        "spring",
        "group-1",
        "Group 1 voice",
        "permissions",
        "group-2",
        "Group 2 voice",
        "permissions",
    ],
    "members": ["grant 1", "grant 2", "grant 3", "grant 4"],
    "scheduled-events": [
        "Group 1 - Week 1",
        "Group 1 - Week 2",
        "Group 2 - Week 1",
        "Group 2 - Week 2",
    ],
    "messages": ["to group-1", "to group-2"],
}
BOOKED = {"members": ["grant 2"], "messages": ["to group-1", "to group-2"]}


def journal(sandbox: RunningSandbox, since: int) -> dict[str, list[str]]:
    channels = sandbox.get("state")["discord"]["channels"]
    found: dict[str, list[str]] = defaultdict(list)
    for call in sandbox.writes(since, service="discord"):
        kind, what = describe(call, channels)
        found[kind].append(what)
    return dict(found)


def describe(call: dict[str, Any], channels: dict[str, Any]) -> tuple[str, str]:
    words = call["path"].removeprefix("/api/v10").strip("/").split("/")
    match call["method"], words:
        case "PUT", ["guilds", _, "members", person, "roles", _]:
            return "members", f"grant {int(person) - FIRST_DISCORD_ID}"
        case "POST", ["channels", channel, "messages"]:
            return "messages", f"to {channels[channel]['name']}"
        case "PUT", ["channels", _, "permissions", _]:
            return "channels", "permissions"
        case method, [*_, kind]:
            return kind, call["body"]["name"] if method == "POST" else f"{method} {call['path']}"
    raise AssertionError(call)


def test_the_calls_of_a_realize_a_booking_and_a_second_sync(sandbox: RunningSandbox) -> None:
    made = make_cohort(groups=2, members=2, meetings=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    assert journal(sandbox, 0) == REALIZED

    since = sandbox.last
    book(made)
    work("discord")
    assert journal(sandbox, since) == BOOKED

    since = sandbox.last
    realize(made)
    work("discord")
    assert journal(sandbox, since) == {}


def book(made: MadeCohort) -> None:
    home, host = (Meeting.objects.get(group=group, number=1) for group in made.groups)
    book_visit(made.people[1].pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=clock.now())
