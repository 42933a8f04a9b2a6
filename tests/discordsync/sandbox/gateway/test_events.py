"""Which events a session receives: by its intents, and by what the bot can see."""

from collections.abc import Callable
from typing import Any

import pytest

from discordsync.sandbox.gateway.intents import KNOWN, PRIVILEGED, Intent
from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.gateway.wire import Gateway, Talk
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, PEOPLE, Server, serving

DORA = {"id": "200000000000000004", "username": "dora"}
OPEN = KNOWN & ~int(Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT)


def events_during(
    gateway: Gateway, act: Callable[[Server], Any], intents: int = OPEN
) -> list[tuple[str, dict[str, Any]]]:
    """Return the events that a session with these intents receives during `act`."""

    async def listen(talk: Talk) -> list[tuple[str, dict[str, Any]]]:
        wire = await talk.listen(intents)
        begun = len(wire.received)
        act(gateway.server)
        await wire.caught_up()
        return [(p["t"], p["d"]) for p in wire.received[begun:] if p["t"]]

    return gateway.talk(listen)


def names(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in events]


def test_joining_and_leaving_are_sent(gateway: Gateway) -> None:
    events = events_during(gateway, lambda guild: guild.control("members", [PEOPLE[0], DORA]))
    assert [(name, data["user"]["username"]) for name, data in events] == [
        ("GUILD_MEMBER_REMOVE", "ben"),
        ("GUILD_MEMBER_REMOVE", "cleo"),
        ("GUILD_MEMBER_ADD", "dora"),
    ]
    assert all(data["guild_id"] == GUILD for _, data in events)


def test_a_member_who_is_listed_again_is_no_news(gateway: Gateway) -> None:
    assert events_during(gateway, lambda guild: guild.control("members", PEOPLE)) == []


def test_a_new_name_is_sent(gateway: Gateway) -> None:
    renamed = [{"id": ADA, "username": "ada lovelace"}, *PEOPLE[1:]]
    ((name, data),) = events_during(gateway, lambda guild: guild.control("members", renamed))
    assert (name, data["user"]["username"]) == ("GUILD_MEMBER_UPDATE", "ada lovelace")


def test_a_new_avatar_is_sent_and_a_new_address_is_not(gateway: Gateway) -> None:
    def act(guild: Server) -> None:
        guild.control("account", {"id": ADA, "email": "ada@example.org"})
        guild.control("account", {"id": ADA, "avatar": "a" * 32})

    assert names(events_during(gateway, act)) == ["GUILD_MEMBER_UPDATE"]


def test_roles_and_their_members_are_sent(gateway: Gateway) -> None:
    def act(guild: Server) -> None:
        role = guild.call("POST", f"/guilds/{GUILD}/roles", {"name": "Group 1"}).body["id"]
        guild.call("PUT", f"/guilds/{GUILD}/members/{ADA}/roles/{role}")
        guild.call("PUT", f"/guilds/{GUILD}/members/{ADA}/roles/{role}")
        guild.control("edit", {"kind": "role", "id": role, "fields": {"name": "Group One"}})
        guild.control("revoke", {"member": ADA, "role": role})
        guild.control("delete", {"kind": "role", "id": role})

    events = events_during(gateway, act)
    assert names(events) == [
        "GUILD_ROLE_CREATE",
        "GUILD_MEMBER_UPDATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_MEMBER_UPDATE",
        "GUILD_ROLE_DELETE",
    ]
    created, granted, renamed, revoked, deleted = (data for _, data in events)
    assert created["role"]["name"] == "Group 1"
    assert granted["roles"] == [created["role"]["id"]]
    assert renamed["role"]["name"] == "Group One"
    assert revoked["roles"] == []
    assert deleted == {"guild_id": GUILD, "role_id": created["role"]["id"]}


def test_channels_are_sent(gateway: Gateway) -> None:
    def act(guild: Server) -> None:
        category = guild.make("channel", name="Cohort", type=4)
        channel = guild.make("channel", name="group-1", parent_id=category)
        guild.control("edit", {"kind": "channel", "id": channel, "fields": {"topic": "Hello"}})
        overwrite = {"type": 1, "allow": str(int(Bit.VIEW_CHANNEL))}
        guild.call("PUT", f"/channels/{channel}/permissions/{guild.bot}", overwrite)
        guild.control("delete", {"kind": "channel", "id": category})

    guild = gateway.server
    guild.set(bot_permissions=int(Bit.ADMINISTRATOR))
    events = events_during(gateway, act)
    assert names(events) == [
        "CHANNEL_CREATE",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "CHANNEL_UPDATE",
    ]
    assert events[2][1]["topic"] == "Hello"
    assert events[3][1]["permission_overwrites"][0]["id"] == guild.bot
    assert events[5][1]["parent_id"] is None


def test_a_category_and_the_channels_that_follow_it_are_sent_together(gateway: Gateway) -> None:
    guild = gateway.server
    category = guild.make("channel", name="Cohort", type=4)
    follower = guild.make("channel", name="group-1", parent_id=category)
    change = {"permission_overwrites": [{"id": ADA, "type": 1, "deny": "1024"}]}

    def act(guild: Server) -> None:
        guild.control("edit", {"kind": "channel", "id": category, "fields": change})

    events = events_during(gateway, act)
    assert [(name, data["id"]) for name, data in events] == [
        ("CHANNEL_UPDATE", category),
        ("CHANNEL_UPDATE", follower),
    ]


def test_b14_a_hidden_channel_is_sent_obfuscated(gateway: Gateway) -> None:
    guild = gateway.server
    channel = guild.make("channel", name="general")
    hidden = {"permission_overwrites": [{"id": GUILD, "type": 0, "deny": "1024"}]}

    def act(guild: Server) -> None:
        for fields in (hidden, {"topic": "secret"}):
            guild.control("edit", {"kind": "channel", "id": channel, "fields": fields})
        guild.make("message", channel_id=channel, content="psst")
        guild.control("delete", {"kind": "channel", "id": channel})
        guild.make("channel", name="also-secret", **hidden)

    guild.set(bot_permissions=0)
    events = events_during(gateway, act)
    assert names(events) == ["CHANNEL_UPDATE", "CHANNEL_DELETE", "CHANNEL_CREATE"]
    assert {(data["name"], data["flags"], data["topic"]) for _, data in events} == {
        ("___hidden___", 1 << 17, None)
    }


def test_messages_are_sent_without_what_others_wrote(gateway: Gateway) -> None:
    channel = gateway.server.make("channel", name="general")

    def act(guild: Server) -> None:
        own = guild.call("POST", f"/channels/{channel}/messages", {"content": "from the bot"}).body
        guild.call("PATCH", f"/channels/{channel}/messages/{own['id']}", {"content": "changed"})
        guild.make("message", channel_id=channel, content="from the owner")
        guild.make("message", channel_id=channel, content=f"hello <@{guild.bot}>")
        guild.call("DELETE", f"/channels/{channel}/messages/{own['id']}")

    events = events_during(gateway, act)
    assert [(name, data.get("content")) for name, data in events] == [
        ("MESSAGE_CREATE", "from the bot"),
        ("MESSAGE_UPDATE", "changed"),
        ("MESSAGE_CREATE", ""),
        ("MESSAGE_CREATE", f"hello <@{gateway.server.bot}>"),
        ("MESSAGE_DELETE", None),
    ]
    assert events[0][1]["guild_id"] == GUILD


@pytest.mark.parametrize(("asked", "text"), [(True, "from the owner"), (False, "")])
def test_content_needs_the_intent_in_the_session_too(
    gateway: Gateway, asked: bool, text: str
) -> None:
    gateway.server.set(message_content_intent=True)
    channel = gateway.server.make("channel", name="general")
    intents = Intent.GUILD_MESSAGES | (Intent.MESSAGE_CONTENT if asked else Intent(0))

    def act(guild: Server) -> None:
        guild.make("message", channel_id=channel, content="from the owner")

    ((_, data),) = events_during(gateway, act, int(intents))
    assert data["content"] == text


def test_direct_messages_are_sent(gateway: Gateway) -> None:
    def act(guild: Server) -> None:
        dm = guild.call("POST", "/users/@me/channels", {"recipient_id": ADA}).body["id"]
        guild.call("POST", f"/channels/{dm}/messages", {"content": "hello"})

    ((name, data),) = events_during(gateway, act)
    assert (name, data["content"]) == ("MESSAGE_CREATE", "hello")
    assert "guild_id" not in data


def test_events_are_sent_until_their_end(gateway: Gateway) -> None:
    voice = gateway.server.make("channel", name="Voice", type=2)

    def act(guild: Server) -> None:
        for hour in (10, 11):
            guild.make(
                "event",
                name=f"At {hour}",
                channel_id=voice,
                privacy_level=2,
                entity_type=2,
                scheduled_start_time=f"2026-03-02T{hour}:00:00Z",
            )
        guild.pass_time(hours=4)
        guild.on_server(guild.sandbox.advance)
        guild.control("delete", {"kind": "channel", "id": voice})

    events = events_during(gateway, act, int(Intent.GUILD_SCHEDULED_EVENTS))
    assert [(name, data["name"], data["status"]) for name, data in events] == [
        ("GUILD_SCHEDULED_EVENT_CREATE", "At 10", 1),
        ("GUILD_SCHEDULED_EVENT_CREATE", "At 11", 1),
        ("GUILD_SCHEDULED_EVENT_UPDATE", "At 10", 4),
        ("GUILD_SCHEDULED_EVENT_DELETE", "At 11", 1),
    ]


def everything(guild: Server) -> None:
    """One event of every kind that the sandbox sends."""
    channel = guild.make("channel", name="Voice", type=2)
    role = guild.make("role", name="Group 1")
    guild.control("join", DORA)
    guild.control("grant", {"member": ADA, "role": role})
    guild.control("grant", {"member": guild.bot, "role": role})
    guild.control("voice", {"user": ADA, "channel_id": channel})
    guild.make("message", channel_id=channel, content="hi")
    dm = guild.call("POST", "/users/@me/channels", {"recipient_id": BEN}).body["id"]
    guild.call("POST", f"/channels/{dm}/messages", {"content": "hello"})
    start = "2026-03-09T09:00:00Z"
    event = {"name": "x", "channel_id": channel, "privacy_level": 2, "entity_type": 2}
    guild.make("event", **event, scheduled_start_time=start)


@pytest.mark.parametrize(
    ("intents", "expected"),
    [
        (Intent(0), ["GUILD_MEMBER_UPDATE"]),
        (Intent.GUILDS, ["CHANNEL_CREATE", "GUILD_ROLE_CREATE", "GUILD_MEMBER_UPDATE"]),
        (
            Intent.GUILD_MEMBERS,
            ["GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_UPDATE"],
        ),
        (Intent.GUILD_VOICE_STATES, ["GUILD_MEMBER_UPDATE", "VOICE_STATE_UPDATE"]),
        (Intent.GUILD_MESSAGES, ["GUILD_MEMBER_UPDATE", "MESSAGE_CREATE"]),
        (Intent.DIRECT_MESSAGES, ["GUILD_MEMBER_UPDATE", "MESSAGE_CREATE"]),
        (
            Intent.GUILD_SCHEDULED_EVENTS,
            ["GUILD_MEMBER_UPDATE", "GUILD_SCHEDULED_EVENT_CREATE"],
        ),
        (Intent.GUILD_INVITES, ["GUILD_MEMBER_UPDATE"]),
    ],
)
def test_only_what_was_asked_for_is_sent(
    gateway: Gateway, intents: Intent, expected: list[str]
) -> None:
    assert names(events_during(gateway, everything, int(intents))) == expected


def test_two_sandboxes_know_nothing_of_each_other(gateway: Gateway) -> None:
    with serving() as other:
        other.begin()
        assert events_during(gateway, lambda _: other.make("role", name="Elsewhere")) == []


def test_the_table_of_intents_is_whole() -> None:
    assert {intent for intent in Intent if intent & KNOWN} == set(Intent)
    assert set(PRIVILEGED) == {
        Intent.GUILD_MEMBERS,
        Intent.GUILD_PRESENCES,
        Intent.MESSAGE_CONTENT,
    }


def test_the_bots_place_among_the_roles_is_sent(gateway: Gateway) -> None:
    gateway.server.make("role", name="Group 1")
    events = events_during(gateway, lambda guild: guild.set(bot_role_position=1))
    assert [(name, data["role"]["position"]) for name, data in events] == [
        ("GUILD_ROLE_UPDATE", 1),
        ("GUILD_ROLE_UPDATE", 2),
    ]


SHAPES = {
    "GUILD_MEMBER_ADD": ("GuildMemberResponse", None),
    "GUILD_MEMBER_UPDATE": ("GuildMemberResponse", None),
    "GUILD_ROLE_CREATE": ("GuildRoleResponse", "role"),
    "CHANNEL_CREATE": ("GuildChannelResponse", None),
    "VOICE_STATE_UPDATE": ("VoiceStateResponse", None),
    "MESSAGE_CREATE": ("MessageResponse", None),
    "GUILD_SCHEDULED_EVENT_CREATE": ("VoiceScheduledEventResponse", None),
}


@pytest.mark.conformance
def test_what_is_sent_has_the_shapes_of_discords_document(
    gateway: Gateway, breaks: Callable[[str, Any], list[str]]
) -> None:
    events = events_during(gateway, everything)
    assert {name for name, _ in events} == set(SHAPES)
    for name, data in events:
        schema, inner = SHAPES[name]
        assert breaks(schema, data[inner] if inner else data) == [], name


@pytest.mark.conformance
def test_the_guild_as_sent_has_the_shapes_of_discords_document(
    gateway: Gateway, breaks: Callable[[str, Any], list[str]]
) -> None:
    everything(gateway.server)

    async def listen(talk: Talk) -> dict[str, Any]:
        wire = await talk.open()
        await wire.identify(OPEN)
        return await wire.until("GUILD_CREATE")

    guild = gateway.talk(listen)
    assert breaks("GuildResponse", guild) == []
    for schema, key in (
        ("GuildMemberResponse", "members"),
        ("GuildChannelResponse", "channels"),
        ("VoiceScheduledEventResponse", "guild_scheduled_events"),
    ):
        assert guild[key]
        for one in guild[key]:
            whole = one | ({"guild_id": GUILD} if key == "channels" else {})
            assert breaks(schema, whole) == [], key
    (state,) = guild["voice_states"]
    assert breaks("VoiceStateResponse", {**state, "guild_id": GUILD}) == []
