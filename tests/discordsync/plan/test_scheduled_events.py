"""Events that people changed by hand are as desired again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from discordsync.desired import DesiredScheduledEvent
from discordsync.plan.scheduled_events import plan_events
from discordsync.state.facts import Record
from discordsync.state.observed import SCHEDULED, ObservedGuild, ScheduledEvent
from tests.discordsync.paper import NOW, compare, group, id_for, lose, see, want

VOICE = "voice_channel:7"
START = NOW + timedelta(days=1)
EVENT = DesiredScheduledEvent("event:1", 7, "Week 1", "", START, START + timedelta(hours=1))


def changes(guild: ObservedGuild, name: str, channel_id: int | None = None) -> list[dict[str, Any]]:
    """Return what the plan edits at an event of this name in this channel, or in none."""
    wanted = want(group(), events=(EVENT,))
    records = {**wanted.records, "event:1": Record("event:1", 99)}
    seen = ScheduledEvent(99, name, "", channel_id, EVENT.starts_at, EVENT.ends_at, SCHEDULED)
    diff = compare(replace(wanted, records=records), guild.with_event(seen))
    return [action.payload.body for action in plan_events(diff, group(), ())]


@pytest.mark.parametrize("channel_id", [None, 98], ids=["somewhere else", "a stage channel"])
def test_an_event_that_was_moved_takes_place_in_the_voice_channel_again(channel_id):
    moved = {"channel_id": str(id_for(VOICE)), "entity_type": 2, "entity_metadata": None}
    assert changes(see(want(group())), "Week 1", channel_id) == [moved]


def test_the_kind_of_an_event_in_its_channel_is_not_sent():
    assert changes(see(want(group())), "Week one", id_for(VOICE)) == [{"name": "Week 1"}]


def test_its_place_is_left_alone_while_there_is_no_voice_channel():
    guild = lose(see(want(group())), VOICE)
    assert changes(guild, "Week 1") == []
    assert changes(guild, "Week one") == [{"name": "Week 1"}]
