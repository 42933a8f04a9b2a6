"""Heartbeats, pace, resuming, and what a tester breaks."""

import asyncio
from time import monotonic
from typing import Any

import pytest

from discordsync.sandbox.gateway.connection import KEPT_EVENTS
from discordsync.sandbox.gateway.hub import SESSION_SECONDS
from discordsync.sandbox.gateway.parsing import Op
from tests.discordsync.sandbox.gateway.wire import Gateway, Talk
from tests.discordsync.sandbox.server import ADA, Server


def test_a_heartbeat_is_acknowledged(gateway: Gateway) -> None:
    async def beat(talk: Talk) -> Any:
        wire = await talk.open()
        await wire.send_op(Op.HEARTBEAT, None)
        return await wire.until_op(Op.HEARTBEAT_ACK)

    assert gateway.talk(beat) is None


def test_who_sends_no_heartbeat_is_dropped_and_can_resume(gateway: Gateway) -> None:
    gateway.server.set(heartbeat_seconds=0.5)

    async def fall_silent(talk: Talk) -> tuple[int | None, list[str]]:
        wire = await talk.open()
        ready = await wire.identify()
        code = await wire.until_closed()
        gateway.server.set(heartbeat_seconds=30)
        back = await talk.open()
        await back.resume(ready["session_id"], wire.seq or 0)
        await back.until("RESUMED")
        return code, await back.caught_up()

    assert gateway.talk(fall_silent) == (4000, ["RESUMED"])


def test_more_than_120_payloads_a_minute_end_the_connection(gateway: Gateway) -> None:
    async def chatter(talk: Talk) -> int | None:
        wire = await talk.listen()
        for _ in range(120):
            await wire.send_op(Op.HEARTBEAT, None)
        return await wire.until_closed()

    assert gateway.talk(chatter) == 4008


def test_119_payloads_after_the_identify_are_no_offence(gateway: Gateway) -> None:
    async def chatter(talk: Talk) -> int:
        wire = await talk.listen()
        for _ in range(119):
            await wire.send_op(Op.HEARTBEAT, None)
            await wire.until_op(Op.HEARTBEAT_ACK)
        return len(wire.received)

    assert gateway.talk(chatter) == 1 + 2 + 119


def test_what_was_missed_is_sent_by_a_resume(gateway: Gateway) -> None:
    async def come_back(talk: Talk) -> tuple[list[Any], list[Any]]:
        wire = await talk.listen()
        ready = wire.received[1]["d"]
        gateway.server.make("role", name="Heard")
        await wire.until("GUILD_ROLE_CREATE")
        gateway.server.control("gateway", {"do": "drop"})
        await wire.until_closed()
        for name in ("Missed", "Missed too"):
            gateway.server.make("role", name=name)
        back = await talk.open()
        await back.resume(ready["session_id"], wire.seq or 0)
        await back.until("RESUMED")
        gateway.server.make("role", name="Heard again")
        await back.until("GUILD_ROLE_CREATE")
        told = [p for p in back.received if p["op"] == Op.DISPATCH]
        names = [p["d"].get("role", {}).get("name", p["t"]) for p in told]
        return names, [p["s"] for p in told]

    names, numbers = gateway.talk(come_back)
    assert names == ["Missed", "Missed too", "RESUMED", "Heard again"]
    assert numbers == [4, 5, 6, 7]


def test_a_resume_from_further_back_sends_more(gateway: Gateway) -> None:
    async def come_back(talk: Talk) -> list[str]:
        wire = await talk.listen()
        gateway.server.make("role", name="Heard")
        await wire.until("GUILD_ROLE_CREATE")
        gateway.server.control("gateway", {"do": "drop"})
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], 1)
        await back.until("RESUMED")
        return await back.caught_up()

    assert gateway.talk(come_back) == ["GUILD_CREATE", "GUILD_ROLE_CREATE", "RESUMED"]


def test_a_number_that_was_never_sent_is_refused(gateway: Gateway) -> None:
    async def come_back(talk: Talk) -> int | None:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": "drop"})
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], 99)
        return await back.until_closed()

    assert gateway.talk(come_back) == 4007


@pytest.mark.parametrize(
    ("code", "resumable"), [(1000, False), (1001, False), (4000, True), (4900, True)]
)
def test_a_client_that_says_farewell_cannot_resume(
    gateway: Gateway, code: int, resumable: bool
) -> None:
    async def come_back(talk: Talk) -> bool:
        wire = await talk.listen()
        await wire.socket.close(code=code)
        while gateway.server.on_server(gateway.server.sandbox.hub.describe)["unidentified"] or any(
            s["connected"] for s in sessions(gateway.server)
        ):
            await asyncio.sleep(0.005)
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], wire.seq or 0)
        await back.hear()
        return (await back.hear())["t"] == "RESUMED"

    assert gateway.talk(come_back) is resumable


def sessions(server: Server) -> list[dict[str, Any]]:
    shown = server.on_server(server.sandbox.hub.describe)
    held: list[dict[str, Any]] = shown["sessions"]
    return held


@pytest.mark.parametrize("do", ["forget", "invalidate"])
def test_a_session_that_is_gone_cannot_be_resumed(gateway: Gateway, do: str) -> None:
    async def come_back(talk: Talk) -> Any:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": do})
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], wire.seq or 0)
        return await back.until_op(Op.INVALID_SESSION)

    assert gateway.talk(come_back) is False


@pytest.mark.parametrize("resumable", [True, False])
def test_a_session_is_declared_invalid(gateway: Gateway, resumable: bool) -> None:
    async def wait(talk: Talk) -> Any:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": "invalidate", "resumable": resumable})
        return await wire.until_op(Op.INVALID_SESSION)

    assert gateway.talk(wait) is resumable
    assert len(sessions(gateway.server)) == resumable


@pytest.mark.parametrize("missed", ["too much", "too long ago"])
def test_a_client_that_missed_too_much_or_comes_too_late_starts_over(
    gateway: Gateway, missed: str
) -> None:
    guild = gateway.server

    def miss() -> None:
        (session,) = guild.sandbox.hub.sessions.values()
        if missed == "too long ago":
            session.lost_at = monotonic() - SESSION_SECONDS - 1
        for number in range(KEPT_EVENTS + 1 if missed == "too much" else 1):
            guild.sandbox.guild.emit("CHANNEL_UPDATE", {"id": str(number)})

    async def come_back(talk: Talk) -> Any:
        wire = await talk.listen()
        guild.control("gateway", {"do": "drop"})
        await wire.until_closed()
        while any(s["connected"] for s in sessions(guild)):
            await asyncio.sleep(0.005)
        guild.on_server(miss)
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], wire.seq or 0)
        return await back.until_op(Op.INVALID_SESSION)

    assert gateway.talk(come_back) is False


def test_a_reconnect_is_asked_for(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> Any:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": "reconnect"})
        return await wire.until_op(Op.RECONNECT)

    assert gateway.talk(wait) is None


def test_heartbeats_can_go_without_acknowledgement(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> list[int]:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": "silence"})
        await wire.send_op(Op.HEARTBEAT, wire.seq)
        gateway.server.make("role", name="After")
        await wire.until("GUILD_ROLE_CREATE")
        return [payload["op"] for payload in wire.received]

    assert Op.HEARTBEAT_ACK not in gateway.talk(wait)


@pytest.mark.parametrize("code", [4000, 4009, 1000])
def test_a_connection_is_ended_with_a_code(gateway: Gateway, code: int) -> None:
    async def wait(talk: Talk) -> int | None:
        wire = await talk.listen()
        gateway.server.control("gateway", {"do": "drop", "code": code})
        return await wire.until_closed()

    assert gateway.talk(wait) == code


def test_one_session_of_two_is_broken(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> list[str]:
        first, second = await talk.listen(), await talk.listen()
        broken = first.received[1]["d"]["session_id"]
        gateway.server.control("gateway", {"do": "drop", "session": broken, "code": 4000})
        assert await first.until_closed() == 4000
        return await second.caught_up()

    assert gateway.talk(wait) == ["READY", "GUILD_CREATE"]


def test_both_sessions_of_one_bot_receive_everything(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> list[str]:
        wires = [await talk.listen(), await talk.listen()]
        gateway.server.make("role", name="Group 1")
        return [(await wire.until("GUILD_ROLE_CREATE"))["role"]["name"] for wire in wires]

    assert gateway.talk(wait) == ["Group 1", "Group 1"]


def test_a_resume_takes_the_session_from_the_connection_before(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> tuple[int | None, int]:
        wire = await talk.listen()
        back = await talk.open()
        await back.resume(wire.received[1]["d"]["session_id"], wire.seq or 0)
        await back.until("RESUMED")
        return await wire.until_closed(), len(sessions(gateway.server))

    assert gateway.talk(wait) == (4000, 1)


def test_a_sandbox_that_is_reset_ends_all_connections(gateway: Gateway) -> None:
    async def wait(talk: Talk) -> int | None:
        wire = await talk.listen()
        gateway.server.on_server(gateway.server.sandbox.reset)
        return await wire.until_closed()

    assert gateway.talk(wait) == 1001
    assert sessions(gateway.server) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"do": "explode"}, "`do` must be one of drop, silence"),
        ({}, "do: This field is required"),
        ({"do": "drop", "code": 5}, "code: int value"),
        ("drop", "dictionaries"),
    ],
)
def test_what_cannot_be_broken_is_explained_in_a_sentence(
    guild: Server, data: Any, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        guild.control("gateway", data)


def test_sessions_are_shown(gateway: Gateway) -> None:
    async def look(talk: Talk) -> list[dict[str, Any]]:
        await talk.listen()
        gateway.server.control(
            "grant", {"member": ADA, "role": gateway.server.make("role", name="x")}
        )
        return sessions(gateway.server)

    (shown,) = gateway.talk(look)
    assert shown["connected"] is True
    assert (shown["intents"], shown["seq"], shown["resumed"]) == (1, 3, 0)
