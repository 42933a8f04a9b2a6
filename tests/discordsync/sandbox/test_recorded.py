"""Facts that are recorded from Discord, or that it documented lately, hold in the sandbox.

The numbers D3 to D9 are those of the facts; they have nothing to do with those of assumptions.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.permissions import LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.gateway.wire import GUILDS, Gateway, Talk
from tests.discordsync.sandbox.interactions.playing import ECHO
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, Server
from tests.discordsync.sandbox.test_oauth import decide, spend

COMMANDS = f"/guilds/{GUILD}/commands"
EVE = "200000000000000009"


def create_event(guild: Server, channel: str) -> int:
    body = {
        "name": "Week 1",
        "channel_id": channel,
        "entity_type": 2,
        "privacy_level": 2,
        "scheduled_start_time": (guild.clock.now() + timedelta(days=1)).isoformat(),
    }
    return guild.call("POST", f"/guilds/{GUILD}/scheduled-events", body).status


@pytest.mark.parametrize(
    ("lacks", "has", "status"),
    [(Bit.CREATE_EVENTS, Bit.MANAGE_EVENTS, 403), (Bit.MANAGE_EVENTS, Bit.CREATE_EVENTS, 200)],
)
def test_d3_creating_events_is_a_permission_of_its_own(
    guild: Server, lacks: int, has: int, status: int
) -> None:
    assert (int(Bit.CREATE_EVENTS), int(Bit.PIN_MESSAGES)) == (1 << 44, 1 << 51)
    voice = guild.make("channel", name="Talk", type=2)
    guild.set(bot_permissions=LEAST_PRIVILEGED & ~lacks | has, everyone_permissions=1 << 10)
    assert create_event(guild, voice) == status


@pytest.mark.parametrize(("holds", "status"), [(Bit.PIN_MESSAGES, 204), (0, 403)])
def test_d3_who_lacks_the_right_to_pin_cannot_give_it(
    guild: Server, holds: int, status: int
) -> None:
    """Manage Messages contains it no more."""
    text = guild.make("channel", name="general")
    bits = LEAST_PRIVILEGED & ~Bit.PIN_MESSAGES | Bit.MANAGE_MESSAGES | holds
    guild.set(bot_permissions=bits)
    body = {"type": 1, "allow": str(int(Bit.PIN_MESSAGES))}
    assert guild.call("PUT", f"/channels/{text}/permissions/{ADA}", body).status == status


def test_d4_one_call_counts_the_members_of_each_role(guild: Server) -> None:
    first, second = (guild.make("role", name=name) for name in ("Group 1", "Group 2"))
    for person in (ADA, BEN):
        guild.control("grant", {"member": person, "role": first})
    counts = guild.call("GET", f"/guilds/{GUILD}/roles/member-counts").body
    assert (counts[first], counts[second]) == (2, 0)
    assert GUILD not in counts


def test_d5_without_the_members_intent_no_list_and_no_session_that_asks_for_it(
    guild: Server,
) -> None:
    """So it is when a review was not passed or not renewed."""
    guild.set(members_intent=False, identify_seconds=0)
    assert guild.call("GET", f"/guilds/{GUILD}/members").error == (403, 50001)
    assert guild.call("GET", f"/guilds/{GUILD}/members/{ADA}").status == 200

    async def knock(talk: Talk) -> int | None:
        wire = await talk.open()
        await wire.send_op(2, {**identification(), "intents": GUILDS | Intent.GUILD_MEMBERS})
        return await wire.until_closed()

    assert Gateway(guild).talk(knock) == 4014


def identification() -> dict[str, Any]:
    properties = {"os": "linux", "browser": "test", "device": "test"}
    return {"token": "sandbox-test", "properties": properties}


def test_d6_fifty_channels_of_a_guild_may_be_categories(guild: Server) -> None:
    for n in range(50):
        guild.make("channel", name=f"Course {n}", type=4)
    full = guild.call("POST", f"/guilds/{GUILD}/channels", {"name": "One more", "type": 4})
    assert full.error == (400, 30013)
    assert guild.call("POST", f"/guilds/{GUILD}/channels", {"name": "text"}).status == 201


@pytest.mark.parametrize(("method", "body"), [("PUT", [ECHO]), ("POST", ECHO), ("GET", None)])
def test_d7_a_bot_without_its_scope_may_not_touch_commands(
    guild: Server, method: str, body: Any
) -> None:
    guild.set(commands_scope=False)
    refused = guild.call(method, f"/applications/{guild.bot}{COMMANDS}", body)
    assert refused.error == (403, 50001)


def test_d8_a_token_with_its_scope_adds_a_person_with_roles(guild: Server) -> None:
    role = guild.call("POST", f"/guilds/{GUILD}/roles", {"name": "Group 1"}).body["id"]
    guild.control("account", {"id": EVE, "username": "eve"})
    token = spend(guild, decide(guild, user=EVE, scope="identify guilds.join")["code"]).body
    body = {"access_token": token["access_token"], "roles": [role]}
    added = guild.call("PUT", f"/guilds/{GUILD}/members/{EVE}", body)
    assert (added.status, added.body["roles"]) == (201, [role])
    assert guild.call("PUT", f"/guilds/{GUILD}/members/{EVE}", body).status == 204


def test_d9_who_joins_is_pending_until_they_accept_the_rules(guild: Server) -> None:
    guild.set(membership_screening=True)
    guild.control("join", {"id": EVE, "username": "eve"})
    role = guild.call("POST", f"/guilds/{GUILD}/roles", {"name": "Group 1"}).body["id"]
    assert guild.call("PUT", f"/guilds/{GUILD}/members/{EVE}/roles/{role}").status == 204
    member = guild.call("GET", f"/guilds/{GUILD}/members/{EVE}").body
    assert (member["pending"], member["roles"]) == (True, [role])
    guild.control("accept_rules", {"id": EVE})
    assert guild.call("GET", f"/guilds/{GUILD}/members/{EVE}").body["pending"] is False
