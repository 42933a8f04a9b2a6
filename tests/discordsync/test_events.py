"""Scheduled events over the weeks: a rolling horizon, one budget, and no life after death."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cohorts import clock
from cohorts.models import Group
from cohorts.services.groups import end_group
from discordsync.models import DiscordObject
from lens.housekeeping import prune
from tests.discordsync.guild_state import look_again, made_since, outside_id, trouble
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

EVENTS = "POST scheduled-events"


@pytest.fixture
def pass_to(sandbox, set_clock):
    def pass_(moment):
        set_clock(moment)
        sandbox.set_clock(moment)
        look_again()

    return pass_


@pytest.fixture
def pass_time(pass_to):
    return lambda **much: pass_to(clock.now() + timedelta(**much))


@pytest.fixture
def made(sandbox, build_once):
    """One group that first meets in two days, and then each week, six times."""

    def build():
        made = make_cohort(groups=1, members=2, meetings=6)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    return build_once("one group of six weeks on Discord", build)


def names(sandbox):
    return sorted(event["name"] for event in sandbox.get("state")["discord"]["events"].values())


def event_of(sandbox, meeting):
    return sandbox.get("state")["discord"]["events"][outside_id(f"event:{meeting.pk}")]


def meeting_of(made, number):
    return made.groups[0].meetings.get(number=number)


@pytest.mark.matrix
def test_the_records_of_events_long_past_are_pruned_and_nothing_is_missed(sandbox, made, pass_to):
    kept = {row.key: row.pk for row in DiscordObject.objects.exclude(kind="event")}
    assert DiscordObject.objects.filter(kind="event").count() == 2
    pass_to(meeting_of(made, 1).starts_at + timedelta(days=91))
    prune()
    left = DiscordObject.objects.filter(kind="event").order_by("meeting__number")
    assert list(left.values_list("meeting__number", flat=True)) == [2]
    assert {row.key: row.pk for row in DiscordObject.objects.exclude(kind="event")} == kept
    assert made.groups[0].meetings.count() == 6
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert trouble(made.groups[0]) == ""


def test_the_horizon_rolls_on_and_what_died_is_not_made_again(sandbox, made, pass_time):
    assert names(sandbox) == ["Group 1 - Week 1", "Group 1 - Week 2"]
    for week in (2, 3, 4):
        seen = sandbox.last
        pass_time(days=7)
        assert names(sandbox) == [f"Group 1 - Week {week}", f"Group 1 - Week {week + 1}"]
        assert made_since(sandbox, seen)[EVENTS] == 1

        seen = sandbox.last
        look_again()
        assert made_since(sandbox, seen)[EVENTS] == 0


@pytest.mark.matrix
def test_an_event_that_has_begun_is_left_to_discord(sandbox, made, pass_to):
    seen = sandbox.last
    # The first meeting is on, and no one has started the event.
    pass_to(meeting_of(made, 1).starts_at + timedelta(minutes=10))
    assert names(sandbox) == ["Group 1 - Week 1", "Group 1 - Week 2", "Group 1 - Week 3"]
    event_id = outside_id(f"event:{meeting_of(made, 1).pk}")
    sandbox.post("delete", {"kind": "event", "id": event_id})
    look_again()
    assert names(sandbox) == ["Group 1 - Week 2", "Group 1 - Week 3"]
    assert made_since(sandbox, seen)[EVENTS] == 1


@pytest.mark.matrix
def test_a_full_budget_shortens_the_horizon_and_refuses_nothing(sandbox, pass_time):
    """Others have 97 events: of two cohorts together the earliest three get theirs."""
    stage = sandbox.post("create", {"kind": "channel", "fields": {"name": "Stage", "type": 2}})
    for n in range(97):
        fill(sandbox, stage["id"], n)
    first, second = make_cohort(groups=1, members=2), make_cohort(groups=1, members=2, name="Fall")
    Group.objects.filter(pk=second.ids[0]).update(name="Circle")
    second.refresh().groups[0].save()
    join(sandbox, [*first.people, *second.people])
    realize(first)
    realize(second)
    work("discord")

    ours = [name for name in names(sandbox) if not name.startswith("other")]
    assert ours == ["Circle - Week 1", "Group 1 - Week 1", "Group 1 - Week 2"]
    assert [made.refresh().groups[0].status for made in (first, second)] == ["active", "active"]
    assert [trouble(made.groups[0]) for made in (first, second)] == ["", ""]

    other = next(e for e in events_of(sandbox) if e["name"].startswith("other"))
    sandbox.post("delete", {"kind": "event", "id": other["id"]})
    look_again()
    assert "Circle - Week 2" in names(sandbox)
    assert len(names(sandbox)) == 100


def events_of(sandbox):
    return list(sandbox.get("state")["discord"]["events"].values())


def fill(sandbox, channel_id, n):
    fields = {
        "name": f"other {n}",
        "channel_id": channel_id,
        "scheduled_start_time": (clock.now() + timedelta(days=20)).isoformat(),
        "privacy_level": 2,
        "entity_type": 2,
    }
    sandbox.post("create", {"kind": "event", "fields": fields})


def test_a_moved_meeting_moves_its_event_also_beyond_the_horizon(sandbox, made, pass_time):
    meeting = meeting_of(made, 1)
    starts_at = (clock.now() + timedelta(days=40)).replace(second=0, microsecond=0)
    move_meeting(meeting.pk, starts_at=starts_at, now=clock.now())
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen)["PATCH scheduled-events"] == 1
    assert datetime.fromisoformat(event_of(sandbox, meeting)["start"]) == starts_at
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []


def test_a_cancelled_meeting_has_no_event_until_it_is_restored(sandbox, made):
    meeting = meeting_of(made, 1)
    cancel_meeting(meeting.pk, now=clock.now())
    work("discord")
    assert names(sandbox) == ["Group 1 - Week 2"]
    assert not DiscordObject.objects.filter(meeting=meeting).exists()

    restore_meeting(meeting.pk, now=clock.now())
    work("discord")
    assert names(sandbox) == ["Group 1 - Week 1", "Group 1 - Week 2"]


@pytest.mark.matrix
def test_what_is_over_is_not_asked_for_any_more(sandbox, made, pass_time):
    """Reading stays at six calls: no question about dead events, cancelled meetings, or the
    channels of an ended group that staff have cleared away."""
    other = make_cohort(groups=1, members=2, name="Autumn")
    join(sandbox, [*made.people, *other.people])
    realize(other)
    work("discord")
    cancel_meeting(meeting_of(made, 2).pk, now=clock.now())
    end_group(other.ids[0], status="completed", now=clock.now())
    work("discord")
    for kind in ("text_channel", "voice_channel"):
        sandbox.post("delete", {"kind": "channel", "id": outside_id(f"{kind}:{other.ids[0]}")})
    sandbox.post("delete", {"kind": "role", "id": outside_id(f"role:{other.ids[0]}")})
    pass_time(days=7)

    seen = sandbox.last
    look_again()
    assert len(sandbox.calls(since=seen, service="discord")) == 6
    assert trouble(other.groups[0]) == ""


@pytest.mark.parametrize("minutes", [pytest.param(60, marks=pytest.mark.matrix), 90])
def test_an_event_lasts_as_long_as_its_slot_across_midnight_and_zones(sandbox, minutes):
    """ "Sunday 23:30 - Monday 00:30" in New York begins on Sunday evening there."""
    made = make_cohort(groups=1, members=2)
    zone = ZoneInfo("America/New_York")
    group = made.groups[0]
    group.weekday, group.start_time, group.timezone = 6, time(23, 30), zone.key
    group.duration_minutes = minutes
    group.save()
    join(sandbox, made.people)
    realize(made)
    work("discord")

    events = events_of(sandbox)
    assert events
    for event in events:
        start, end = (datetime.fromisoformat(event[edge]) for edge in ("start", "end"))
        assert end - start == timedelta(minutes=minutes)
        assert start.astimezone(zone).strftime("%A %H:%M") == "Sunday 23:30"
