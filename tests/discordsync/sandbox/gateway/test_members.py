"""Asking the gateway for members, within its limits."""

from typing import Any

import pytest

from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Op
from tests.discordsync.sandbox.gateway.wire import Gateway, Talk
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, PEOPLE

MEMBERS = int(Intent.GUILDS | Intent.GUILD_MEMBERS)


def ask(gateway: Gateway, intents: int = MEMBERS, **wish: Any) -> dict[str, Any]:
    async def listen(talk: Talk) -> dict[str, Any]:
        wire = await talk.listen(intents)
        await wire.send_op(Op.REQUEST_GUILD_MEMBERS, {"guild_id": GUILD, **wish})
        return await wire.until("GUILD_MEMBERS_CHUNK")

    return gateway.talk(listen)


def names(chunk: dict[str, Any]) -> set[str]:
    return {member["user"]["username"] for member in chunk["members"]}


def test_all_members(gateway: Gateway) -> None:
    chunk = ask(gateway, query="", limit=0, nonce="n1")
    assert names(chunk) == {"Lens", "owner", "ada", "ben", "cleo"}
    assert (chunk["chunk_index"], chunk["chunk_count"], chunk["nonce"]) == (0, 1, "n1")


def test_a_thousand_members_a_chunk(gateway: Gateway) -> None:
    people = [{"id": str(300000000000000000 + n), "username": f"p{n}"} for n in range(1500)]
    gateway.server.control("members", people)

    async def listen(talk: Talk) -> list[int]:
        wire = await talk.listen(MEMBERS)
        wish = {"guild_id": GUILD, "query": "", "limit": 0}
        await wire.send_op(Op.REQUEST_GUILD_MEMBERS, wish)
        chunks = [await wire.until("GUILD_MEMBERS_CHUNK") for _ in range(2)]
        assert [(c["chunk_index"], c["chunk_count"]) for c in chunks] == [(0, 2), (1, 2)]
        return [len(chunk["members"]) for chunk in chunks]

    assert gateway.talk(listen) == [1000, 502]


def test_the_whole_list_needs_its_intent(gateway: Gateway) -> None:
    assert names(ask(gateway, int(Intent.GUILDS), query="", limit=0)) == set()
    assert names(ask(gateway, int(Intent.GUILDS), query="a", limit=5)) == {"ada"}


def test_members_by_their_ids(gateway: Gateway) -> None:
    chunk = ask(gateway, user_ids=[ADA, "5"])
    assert names(chunk) == {"ada"}
    assert chunk["not_found"] == ["5"]
    assert names(ask(gateway, user_ids=BEN)) == {"ben"}


def test_a_nonce_that_is_too_long_is_not_repeated(gateway: Gateway) -> None:
    assert "nonce" not in ask(gateway, query="a", limit=1, nonce="x" * 33)


def test_the_whole_list_once_in_thirty_seconds(gateway: Gateway) -> None:
    gateway.server.set(all_members_seconds=30)
    wish = {"guild_id": GUILD, "query": "", "limit": 0, "nonce": "again"}

    async def listen(talk: Talk) -> dict[str, Any]:
        wire = await talk.listen(MEMBERS)
        for _ in range(2):
            await wire.send_op(Op.REQUEST_GUILD_MEMBERS, wish)
        return await wire.until("RATE_LIMITED")

    limited = gateway.talk(listen)
    assert limited["opcode"] == 8
    assert 0 < limited["retry_after"] <= 30
    assert limited["meta"] == {"guild_id": GUILD, "nonce": "again"}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"query": ""},
        {"query": "", "limit": 0, "user_ids": [ADA]},
        {"user_ids": [str(n) for n in range(101)]},
        {"query": 5, "limit": 0},
        {"query": "", "limit": -1},
    ],
)
def test_a_request_that_is_none_ends_the_connection(gateway: Gateway, wish: dict[str, Any]) -> None:
    async def listen(talk: Talk) -> int | None:
        wire = await talk.listen(MEMBERS)
        await wire.send_op(Op.REQUEST_GUILD_MEMBERS, {"guild_id": GUILD, **wish})
        return await wire.until_closed()

    assert gateway.talk(listen) == 4002


def test_without_the_presences_intent_the_guild_comes_without_its_people(
    gateway: Gateway,
) -> None:
    async def begin(talk: Talk) -> tuple[int, int]:
        wire = await talk.open()
        await wire.identify(MEMBERS)
        told = await wire.until("GUILD_CREATE")
        return len(told["members"]), told["member_count"]

    assert gateway.talk(begin) == (1, len(PEOPLE) + 2)
