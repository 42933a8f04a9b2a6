"""Who is in which voice channel: played by hand, sent to the bot, known at its next start."""

from typing import Any

import pytest

from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Op
from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.gateway.wire import Gateway, Talk
from tests.discordsync.sandbox.server import ADA, BEN, CLEO, GUILD, Server

VOICE_STATES = int(Intent.GUILDS | Intent.GUILD_VOICE_STATES)


def walk(guild: Server, *steps: tuple[str, str | None]) -> None:
    for person, channel in steps:
        guild.control("voice", {"user": person, "channel_id": channel})


def inside(guild: Server) -> dict[str, str]:
    """Who is in which channel."""
    return {person: state["channel_id"] for person, state in guild.state["voice"].items()}


def test_people_enter_change_and_leave(gateway: Gateway) -> None:
    guild = gateway.server
    one, two = (guild.make("channel", name=name, type=2) for name in ("One", "Two"))

    async def listen(talk: Talk) -> list[tuple[str, str | None]]:
        wire = await talk.listen(VOICE_STATES)
        walk(guild, (ADA, one), (ADA, one), (BEN, one), (ADA, two), (ADA, None), (ADA, None))
        await wire.caught_up()
        states = [p["d"] for p in wire.received if p["t"] == "VOICE_STATE_UPDATE"]
        assert all(state["member"]["user"]["id"] == state["user_id"] for state in states)
        return [(state["user_id"], state["channel_id"]) for state in states]

    assert gateway.talk(listen) == [(ADA, one), (BEN, one), (ADA, two), (ADA, None)]
    assert inside(guild) == {BEN: one}


def test_who_is_there_is_known_at_the_next_start(gateway: Gateway) -> None:
    guild = gateway.server
    channel = guild.make("channel", name="Voice", type=2)
    walk(guild, (ADA, channel))

    async def begin(talk: Talk) -> tuple[list[str], list[str]]:
        wire = await talk.open()
        await wire.identify(VOICE_STATES)
        told = await wire.until("GUILD_CREATE")
        states = [state["user_id"] for state in told["voice_states"]]
        return states, [member["user"]["id"] for member in told["members"]]

    assert gateway.talk(begin) == ([ADA], [guild.bot, ADA])


def test_a_sandbox_that_was_saved_knows_it_too(guild: Server) -> None:
    channel = guild.make("channel", name="Voice", type=2)
    walk(guild, (ADA, channel))
    saved = guild.state
    guild.on_server(guild.sandbox.reset)
    guild.on_server(lambda: guild.sandbox.load(saved))
    assert inside(guild) == {ADA: channel}


@pytest.mark.parametrize("denied", [Bit.CONNECT, Bit.VIEW_CHANNEL])
def test_no_one_joins_without_permission_but_people_inside_stay(guild: Server, denied: Bit) -> None:
    channel = guild.make("channel", name="Voice", type=2)
    walk(guild, (ADA, channel))
    shut = [{"id": GUILD, "type": 0, "deny": str(int(denied))}]
    change = {"permission_overwrites": shut}
    guild.control("edit", {"kind": "channel", "id": channel, "fields": change})
    with pytest.raises(ValueError, match="Missing"):
        walk(guild, (BEN, channel))
    assert inside(guild) == {ADA: channel}


def test_a_full_channel_takes_no_one_more(guild: Server) -> None:
    channel = guild.make("channel", name="Voice", type=2, user_limit=1)
    walk(guild, (ADA, channel))
    with pytest.raises(ValueError, match="full"):
        walk(guild, (BEN, channel))


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"user": "5", "channel_id": None}, "Unknown User"),
        ({"user": ADA, "channel_id": CLEO}, "Unknown Channel"),
        ({"user": ADA}, "channel_id: This field is required"),
    ],
)
def test_what_cannot_be_is_explained_in_a_sentence(
    guild: Server, wish: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        guild.control("voice", wish)


def test_a_text_channel_is_no_place_to_talk(guild: Server) -> None:
    with pytest.raises(ValueError, match="this channel type"):
        walk(guild, (ADA, guild.make("channel", name="general")))


@pytest.mark.parametrize("how", ["the channel is deleted", "the person goes"])
def test_a_person_whose_channel_ends_is_sent_as_leaving(gateway: Gateway, how: str) -> None:
    guild = gateway.server
    channel = guild.make("channel", name="Voice", type=2)
    walk(guild, (ADA, channel))

    async def listen(talk: Talk) -> tuple[str, str | None]:
        wire = await talk.listen(VOICE_STATES)
        if how == "the channel is deleted":
            guild.control("delete", {"kind": "channel", "id": channel})
        else:
            guild.control("leave", {"id": ADA})
        state = await wire.until("VOICE_STATE_UPDATE")
        return state["user_id"], state["channel_id"]

    assert gateway.talk(listen) == (ADA, None)
    assert inside(guild) == {}


def test_the_bot_enters_by_asking_the_gateway(gateway: Gateway) -> None:
    guild = gateway.server
    channel = guild.make("channel", name="Voice", type=2)
    wish = {"guild_id": GUILD, "self_mute": True, "self_deaf": False}

    async def enter(talk: Talk) -> list[Any]:
        wire = await talk.listen(VOICE_STATES)
        await wire.send_op(Op.VOICE_STATE_UPDATE, {**wish, "channel_id": CLEO})
        await wire.send_op(Op.VOICE_STATE_UPDATE, {**wish, "channel_id": channel})
        state = await wire.until("VOICE_STATE_UPDATE")
        return [state["user_id"], state["channel_id"], state["self_mute"]]

    assert gateway.talk(enter) == [guild.bot, channel, True]
