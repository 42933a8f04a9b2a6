"""The beginning of a connection, and every way in which it is refused."""

import json
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Op
from tests.discordsync.sandbox.gateway.wire import GUILDS, Gateway, Talk, identification
from tests.discordsync.sandbox.server import GUILD, Server


def test_the_gateway_is_on_the_port_of_the_api(guild: Server) -> None:
    address = f"ws://127.0.0.1:{guild.port}/gateway"
    assert guild.call("GET", "/gateway").body == {"url": address}
    told = guild.call("GET", "/gateway/bot").body
    assert told["url"] == address
    assert told["shards"] == 1
    assert told["session_start_limit"] == {
        "total": 1000,
        "remaining": 1000,
        "reset_after": 0,
        "max_concurrency": 1,
    }


def test_an_identify_is_counted(gateway: Gateway) -> None:
    gateway.talk(Talk.listen)
    limit = gateway.server.call("GET", "/gateway/bot").body["session_start_limit"]
    assert limit["remaining"] == 999
    assert 0 < limit["reset_after"] <= 86_400_000


@pytest.mark.parametrize("compress", ["", "&compress=zlib-stream"])
def test_a_bot_is_greeted_and_receives_its_guild(gateway: Gateway, compress: str) -> None:
    async def begin(talk: Talk) -> list[dict[str, Any]]:
        wire = await talk.open(f"v=10&encoding=json{compress}")
        await wire.hear()
        await wire.identify()
        await wire.until("GUILD_CREATE")
        return wire.received

    hello, ready, created = gateway.talk(begin)
    assert hello == {"op": 10, "t": None, "s": None, "d": {"heartbeat_interval": 41250}}
    assert (ready["op"], ready["t"], ready["s"]) == (0, "READY", 1)
    assert ready["d"]["v"] == 10
    assert ready["d"]["user"]["id"] == gateway.server.bot
    assert ready["d"]["guilds"] == [{"id": GUILD, "unavailable": True}]
    assert ready["d"]["resume_gateway_url"] == gateway.url
    assert ready["d"]["application"]["flags"] == 1 << 15
    assert (created["t"], created["s"]) == ("GUILD_CREATE", 2)
    assert created["d"]["id"] == GUILD
    assert created["d"]["member_count"] == 5


def test_without_the_guilds_intent_the_guild_is_not_sent(gateway: Gateway) -> None:
    async def begin(talk: Talk) -> list[str]:
        return await (await talk.listen(intents=0)).caught_up()

    assert gateway.talk(begin) == ["READY"]


LONG = json.dumps({"op": 1, "d": None, "x": "x" * 4096})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("no json", 4002),
        ("[]", 4002),
        ('{"d": 1}', 4002),
        (LONG, 4002),
        ("[" * 4000, 4002),
        ('{"op": 1, "d": "soon"}', 4002),
        ('{"op": 99}', 4001),
        ('{"op": 0, "t": "READY"}', 4001),
        ('{"op": "1"}', 4001),
        (json.dumps({"op": 8, "d": {"guild_id": GUILD, "query": "", "limit": 0}}), 4003),
        (json.dumps({"op": 3, "d": {"status": "online"}}), 4003),
        (json.dumps({"op": 2, "d": None}), 4002),
        (json.dumps({"op": 2, "d": {"token": "sandbox-test", "intents": 1}}), 4002),
        (json.dumps({"op": 2, "d": identification(token="MTA.foreign")}), 4004),
        (json.dumps({"op": 2, "d": identification(1 << 30)}), 4013),
        (json.dumps({"op": 2, "d": identification(1 << 17)}), 4013),
        (json.dumps({"op": 2, "d": identification(-1)}), 4013),
        (json.dumps({"op": 2, "d": {**identification(), "intents": "all"}}), 4002),
        (json.dumps({"op": 2, "d": identification(shard=[1, 1])}), 4010),
        (json.dumps({"op": 2, "d": identification(int(Intent.MESSAGE_CONTENT))}), 4014),
        (json.dumps({"op": 2, "d": identification(int(Intent.GUILD_PRESENCES))}), 4014),
        (json.dumps({"op": 6, "d": {"token": "sandbox-test", "session_id": "x"}}), 4002),
        (json.dumps({"op": 6, "d": {"token": "x", "session_id": "x", "seq": 1}}), 4004),
    ],
)
def test_what_may_not_be_said_ends_the_connection(gateway: Gateway, said: str, code: int) -> None:
    async def begin(talk: Talk) -> int | None:
        wire = await talk.open()
        await wire.socket.send_str(said)
        return await wire.until_closed()

    assert gateway.talk(begin) == code


def test_an_identify_without_intents_is_refused(gateway: Gateway) -> None:
    said = identification()
    del said["intents"]

    async def begin(talk: Talk) -> int | None:
        wire = await talk.open()
        await wire.send_op(Op.IDENTIFY, said)
        return await wire.until_closed()

    assert gateway.talk(begin) == 4013


@pytest.mark.parametrize(
    ("setting", "intent"),
    [
        ("members_intent", Intent.GUILD_MEMBERS),
        ("presences_intent", Intent.GUILD_PRESENCES),
        ("message_content_intent", Intent.MESSAGE_CONTENT),
    ],
)
def test_a_privileged_intent_is_open_once_it_is_switched_on(
    gateway: Gateway, setting: str, intent: Intent
) -> None:
    async def refused(talk: Talk) -> int | None:
        wire = await talk.open()
        await wire.send_op(Op.IDENTIFY, identification(int(intent)))
        return await wire.until_closed()

    gateway.server.set(**{setting: False})
    assert gateway.talk(refused) == 4014
    gateway.server.set(**{setting: True})
    gateway.talk(lambda talk: talk.listen(int(intent)))


@pytest.mark.parametrize("op", [Op.IDENTIFY, Op.RESUME])
def test_a_session_is_begun_once(gateway: Gateway, op: Op) -> None:
    said = {Op.IDENTIFY: identification(), Op.RESUME: {"token": "x", "session_id": "x", "seq": 1}}

    async def begin(talk: Talk) -> int | None:
        wire = await talk.listen()
        await wire.send_op(op, said[op])
        return await wire.until_closed()

    assert gateway.talk(begin) == 4005


@pytest.mark.parametrize("query", ["v=9&encoding=json", "encoding=json", "v=ten"])
def test_another_version_is_refused(gateway: Gateway, query: str) -> None:
    async def begin(talk: Talk) -> int | None:
        return await (await talk.open(query)).until_closed()

    assert gateway.talk(begin) == 4012


@pytest.mark.parametrize("query", ["v=10&encoding=etf", "v=10&compress=zstd-stream"])
def test_what_the_sandbox_does_not_speak_is_no_success(gateway: Gateway, query: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        gateway.talk(lambda talk: talk.open(query))
    assert refused.value.status == 501


def test_a_gateway_that_is_shut_answers_503_and_keeps_who_is_there(gateway: Gateway) -> None:
    async def come_late(talk: Talk) -> tuple[int, list[str]]:
        wire = await talk.listen()
        gateway.server.set(gateway_open=False)
        with pytest.raises(WSServerHandshakeError) as refused:
            await talk.open()
        return refused.value.status, await wire.caught_up()

    assert gateway.talk(come_late) == (503, ["READY", "GUILD_CREATE"])


def test_one_identify_in_five_seconds(guild: Server) -> None:
    async def twice(talk: Talk) -> tuple[dict[str, Any], Any]:
        first = await talk.open()
        ready = await first.identify()
        second = await talk.open()
        await second.send_op(Op.IDENTIFY, identification(GUILDS))
        return ready, await second.until_op(Op.INVALID_SESSION)

    ready, resumable = Gateway(guild).talk(twice)
    assert ready["session_id"]
    assert resumable is False
