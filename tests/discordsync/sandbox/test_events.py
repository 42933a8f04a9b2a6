"""Scheduled events: what they need, who sees them, how they end."""

from datetime import timedelta
from typing import Any

import discord
import pytest

from discordsync.sandbox.permissions import EVERYONE, LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, GUILD, Reply, Server

EVENTS = f"/guilds/{GUILD}/scheduled-events"


@pytest.fixture
def voice(guild: Server) -> str:
    return guild.make("channel", name="Group 1", type=2)


def fields(guild: Server, voice: str, **changed: Any) -> dict[str, Any]:
    start = guild.clock.now() + timedelta(days=1)
    body = {
        "name": "Group 1 - Week 1",
        "privacy_level": 2,
        "entity_type": 2,
        "channel_id": voice,
        "scheduled_start_time": start.isoformat(),
        "scheduled_end_time": (start + timedelta(hours=1)).isoformat(),
    }
    return {name: value for name, value in {**body, **changed}.items() if value is not ...}


def create(guild: Server, voice: str, **changed: Any) -> Reply:
    return guild.call("POST", EVENTS, fields(guild, voice, **changed))


def listed(guild: Server) -> list[str]:
    return [event["id"] for event in guild.call("GET", EVENTS).body]


def test_discord_py_makes_moves_and_deletes_an_event(guild: Server, voice: str) -> None:
    async def act(client: discord.Client, fetched: discord.Guild) -> list[discord.ScheduledEvent]:
        channel = await fetched.fetch_channel(int(voice))
        assert isinstance(channel, discord.VoiceChannel)
        start = guild.clock.now() + timedelta(days=7)
        events = [
            await fetched.create_scheduled_event(
                name=f"Group 1 - Week {week}",
                description="the mark",
                channel=channel,
                start_time=start + timedelta(weeks=week),
                end_time=start + timedelta(weeks=week, hours=1),
                privacy_level=discord.PrivacyLevel.guild_only,
                entity_type=discord.EntityType.voice,
            )
            for week in (1, 2)
        ]
        await events[0].edit(name="Group One - Week 1", start_time=start)
        await events[1].delete()
        return await fetched.fetch_scheduled_events()

    (event,) = guild.as_client(act)
    assert (event.name, event.description) == ("Group One - Week 1", "the mark")
    assert event.start_time == guild.clock.now() + timedelta(days=7)
    assert event.channel_id == int(voice)
    assert event.user_count == 0


@pytest.mark.parametrize(
    "field", ["name", "privacy_level", "entity_type", "channel_id", "scheduled_start_time"]
)
@pytest.mark.parametrize("value", [..., None])
def test_a_voice_event_needs_all_of_these(
    guild: Server, voice: str, field: str, value: object
) -> None:
    reply = create(guild, voice, **{field: value})
    assert reply.error == (400, 50035)
    assert list(reply.body["errors"]) == [field]
    assert listed(guild) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n" * 101),
        ("name", "   "),
        ("description", "d" * 1001),
        ("privacy_level", 1),
        ("entity_type", 9),
        ("scheduled_start_time", "tomorrow"),
        ("scheduled_start_time", "0001-01-01T00:00:00+14:00"),
        ("scheduled_start_time", "2026-03-02T08:59:59+00:00"),  # a second ago
        ("scheduled_start_time", "2026-03-02T09:00:00+00:00"),  # this very moment
        ("scheduled_start_time", "2126-03-02T09:00:00+00:00"),
        ("scheduled_end_time", "2026-03-03T09:00:00+00:00"),  # the start itself
    ],
)
def test_what_discord_would_not_take_is_refused(
    guild: Server, voice: str, field: str, value: object
) -> None:
    reply = create(guild, voice, **{field: value})
    assert reply.error == (400, 50035)
    assert list(reply.body["errors"]) == [field]


def test_an_event_takes_place_in_a_voice_channel_that_is_there(guild: Server) -> None:
    text = guild.make("channel", name="general")
    assert create(guild, text).error == (400, 50024)
    assert create(guild, ADA).error == (404, 10003)


@pytest.mark.parametrize(
    ("bit", "told"),
    [
        (Bit.CREATE_EVENTS, (403, 50013)),
        (Bit.CONNECT, (403, 50013)),
        (Bit.VIEW_CHANNEL, (403, 50001)),
    ],
)
def test_making_an_event_needs_these_bits_in_its_channel(
    guild: Server, voice: str, bit: Bit, told: tuple[int, int]
) -> None:
    guild.set(bot_permissions=LEAST_PRIVILEGED & ~bit, everyone_permissions=EVERYONE & ~bit)
    assert create(guild, voice).error == told


def test_create_events_manages_own_events_and_manage_events_those_of_others(
    guild: Server, voice: str
) -> None:
    mine = create(guild, voice).body["id"]
    other = guild.make("event", **fields(guild, voice))
    assert guild.call("PATCH", f"{EVENTS}/{mine}", {"name": "x"}).status == 200
    assert guild.call("PATCH", f"{EVENTS}/{other}", {"name": "x"}).error == (403, 50013)
    assert guild.call("DELETE", f"{EVENTS}/{other}").error == (403, 50013)
    guild.set(bot_permissions=LEAST_PRIVILEGED | Bit.MANAGE_EVENTS)
    assert guild.call("DELETE", f"{EVENTS}/{other}").status == 204
    guild.set(bot_permissions=LEAST_PRIVILEGED & ~Bit.CREATE_EVENTS)
    assert guild.call("DELETE", f"{EVENTS}/{mine}").error == (403, 50013)


def test_a_guild_holds_100_events(guild: Server, voice: str) -> None:
    made = [create(guild, voice).body["id"] for _ in range(100)]
    assert create(guild, voice).error == (400, 30038)
    guild.call("DELETE", f"{EVENTS}/{made[0]}")
    assert create(guild, voice).status == 200


def test_an_event_is_there_only_for_those_who_see_its_channel(guild: Server) -> None:
    hidden = [{"id": GUILD, "type": 0, "deny": str(int(Bit.VIEW_CHANNEL))}]
    voice = guild.make("channel", name="staff", type=2, permission_overwrites=hidden)
    event = guild.make("event", **fields(guild, voice))
    assert listed(guild) == []
    assert guild.call("GET", f"{EVENTS}/{event}").error == (404, 10070)
    assert create(guild, voice).error == (403, 50001)


def test_an_event_that_no_one_started_is_gone_some_hours_after_its_start(
    guild: Server, voice: str
) -> None:
    event = create(guild, voice).body["id"]
    guild.pass_time(days=1, hours=2, minutes=59)
    assert listed(guild) == [event]
    guild.pass_time(minutes=1)
    assert listed(guild) == []
    assert guild.call("GET", f"{EVENTS}/{event}").error == (404, 10070)


def test_a_started_event_stays_until_its_end(guild: Server, voice: str) -> None:
    event = create(guild, voice).body["id"]
    guild.call("PATCH", f"{EVENTS}/{event}", {"status": 2})
    guild.pass_time(days=1, minutes=59)
    assert guild.call("GET", f"{EVENTS}/{event}").body["status"] == 2
    guild.pass_time(minutes=1)
    assert listed(guild) == []


@pytest.mark.parametrize(
    ("steps", "told"), [([2, 3], 200), ([4], 200), ([3], 400), ([2, 4], 400), ([2, 1], 400)]
)
def test_an_event_goes_only_forward(guild: Server, voice: str, steps: list[int], told: int) -> None:
    event = create(guild, voice).body["id"]
    replies = [guild.call("PATCH", f"{EVENTS}/{event}", {"status": step}) for step in steps]
    assert replies[-1].status == told
    assert listed(guild) == ([] if told == 200 else [event])


def test_an_event_goes_with_its_channel(guild: Server, voice: str) -> None:
    event = create(guild, voice).body["id"]
    guild.call("DELETE", f"/channels/{voice}")
    assert guild.call("GET", f"{EVENTS}/{event}").error == (404, 10070)


def test_an_event_moves_to_another_channel_and_to_a_future_start_only(
    guild: Server, voice: str
) -> None:
    event = create(guild, voice).body["id"]
    other = guild.make("channel", name="Group 2", type=2)
    path = f"{EVENTS}/{event}"
    assert guild.call("PATCH", path, {"channel_id": other}).body["channel_id"] == other
    past = (guild.clock.now() - timedelta(minutes=1)).isoformat()
    assert guild.call("PATCH", path, {"scheduled_start_time": past}).error == (400, 50035)
    late = (guild.clock.now() + timedelta(days=2)).isoformat()
    assert guild.call("PATCH", path, {"scheduled_start_time": late}).error == (400, 50035)
    both = {"scheduled_start_time": late, "scheduled_end_time": None}
    assert guild.call("PATCH", path, both).body["scheduled_end_time"] is None


def test_an_event_that_has_begun_can_be_renamed(guild: Server, voice: str) -> None:
    event = create(guild, voice).body["id"]
    guild.pass_time(days=1, minutes=1)
    assert guild.call("PATCH", f"{EVENTS}/{event}", {"name": "late"}).body["name"] == "late"


def test_the_number_of_interested_people_is_returned_on_request(guild: Server, voice: str) -> None:
    event = create(guild, voice).body["id"]
    asked = guild.call("GET", f"{EVENTS}/{event}", query={"with_user_count": "true"})
    assert asked.body["user_count"] == 0
    assert "user_count" not in guild.call("GET", f"{EVENTS}/{event}").body


@pytest.mark.parametrize(
    "extra", [{"entity_type": 3, "channel_id": None}, {"recurrence_rule": {"frequency": 2}}]
)
def test_events_of_other_kinds_are_reported_as_missing(
    guild: Server, voice: str, extra: dict[str, Any]
) -> None:
    assert create(guild, voice, **extra).status == 501
