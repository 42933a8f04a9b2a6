"""What Lens sends to Discord and Google, call by call, equals a list that is kept in the project.

A change that saves a call or adds one shows in `journal.txt`, and so in its review. After an
intended change copy the new list over it; the test says where it is. Calls run side by side, so
that each section is sorted; their order is the subject of other tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cohorts.models import Group, Membership, User
from tests.guestvisits.effects.conftest import GROUPS, NOW
from tests.guestvisits.effects.world import World
from tests.meetings.outside.moves import cancel, change_slot, reschedule
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = Path(__file__).with_name("journal.txt")
NEW = Path(".cache/journal.txt")
# What differs from run to run.
TOKEN = re.compile(r"(syncToken=|\"nonce\": \"|events/|\"id\": \"(?=[0-9a-v]{20,}\"))[^&?_/\"]+")
OWN_ID = re.compile(r"\b1\d{5}\b")
ID = re.compile(r"\b\d{17,20}\b")

Act = Callable[[World], object]
ACTS: tuple[tuple[str, Act], ...] = (
    ("three groups are realized", World.realize),
    ("nothing has changed for an hour", World.hour),
    ("a visit is booked", lambda world: world.book("Ada", "B", 1)),
    ("the visit is cancelled", lambda world: world.cancel("Ada", "B", 1)),
    ("a meeting moves", reschedule),
    ("a meeting is cancelled", cancel),
    ("the weekly time changes", change_slot),
    ("nothing has changed for an hour", World.hour),
)


@pytest.fixture
def new_world(sandbox, set_clock, installed) -> World:
    set_clock(NOW)
    sandbox.set_clock(NOW)
    world = World(sandbox, set_clock, Academy(NOW, meetings=3))
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
    for group, names in GROUPS.items():
        for name in names:
            world.add(name, group)
    Membership.objects.filter(user__name="Bea").update(role=Membership.Role.FACILITATOR)
    return world


def test_the_calls_of_a_sample_cohort_are_those_that_are_kept(new_world):
    found = [line for title, act in ACTS for line in [f"== {title}", *calls_of(new_world, act)]]

    if found != KEPT.read_text(encoding="utf-8").splitlines():
        NEW.parent.mkdir(exist_ok=True)
        NEW.write_text("\n".join(found) + "\n", encoding="utf-8")
    assert found == KEPT.read_text(encoding="utf-8").splitlines(), f"the new list is in {NEW}"


def calls_of(world: World, act: Act) -> list[str]:
    """The calls that an act and the two minutes after it cause, sorted."""
    last = world.sandbox.last
    act(world)
    world.minute(2)
    names = names_of_ids(world.sandbox.get("state")["discord"])
    calls = world.sandbox.get(f"calls?since={last}")["calls"]
    return sorted(describe(call, names) for call in calls)


def names_of_ids(guild: dict[str, Any]) -> dict[str, str]:
    named = {
        **{pk: f"@{one['name']}" for pk, one in guild["roles"].items()},
        **{pk: f"#{one['name']}" for pk, one in guild["channels"].items()},
        **{str(person.discord_id): person.name for person in User.objects.all()},
    }
    return {pk: f"<{name}>" for pk, name in named.items()}


def describe(call: dict[str, Any], names: dict[str, str]) -> str:
    query = f"?{call['query_string']}" if call["query_string"] else ""
    body = "" if call["body"] is None else f" {as_text(call['body'], names)}"
    line = f"{call['service']} {call['method']} {call['path']}{query}{body} -> {call['status']}"
    return with_names(line, names)


def as_text(body: dict[str, Any], names: dict[str, str]) -> str:
    mentions = body.get("allowed_mentions", {}).get("users", [])
    mentions.sort(key=lambda pk: names.get(pk, pk))
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def with_names(line: str, names: dict[str, str]) -> str:
    return ID.sub(
        lambda found: names.get(found[0], "<id>"), OWN_ID.sub("…", TOKEN.sub(r"\1…", line))
    )
