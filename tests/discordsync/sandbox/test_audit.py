"""The audit log: reasons arrive whole, but late and not always."""

import discord
import pytest

from discordsync.sandbox.permissions import LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, GUILD, Server

LOG = f"/guilds/{GUILD}/audit-logs"


@pytest.fixture
def reader(guild: Server) -> Server:
    """The server with a bot that may read the log, and a log without holes."""
    guild.set(bot_permissions=LEAST_PRIVILEGED | Bit.VIEW_AUDIT_LOG, audit_hole_every=0)
    return guild


def test_the_log_is_not_for_a_bot_without_the_permission(guild: Server) -> None:
    assert guild.call("GET", LOG).error == (403, 50013)


def test_discord_py_reads_back_the_reason_that_it_gave(reader: Server) -> None:
    async def act(client: discord.Client, fetched: discord.Guild) -> None:
        role = await fetched.create_role(name="Group 1", reason="lens #7 — größer & 100%")
        await (await fetched.fetch_member(int(ADA))).add_roles(role, reason="joins Group 1")

    async def look(
        client: discord.Client, fetched: discord.Guild
    ) -> list[tuple[discord.AuditLogAction, str | None]]:
        return [(entry.action, entry.reason) async for entry in fetched.audit_logs()]

    reader.as_client(act)
    reader.pass_time(seconds=10)
    assert reader.as_client(look) == [
        (discord.AuditLogAction.member_role_update, "joins Group 1"),
        (discord.AuditLogAction.role_create, "lens #7 — größer & 100%"),
    ]


def test_an_entry_comes_some_seconds_late(reader: Server) -> None:
    reader.call("POST", f"/guilds/{GUILD}/roles", {"name": "x"})
    assert reader.call("GET", LOG).body["audit_log_entries"] == []
    reader.pass_time(seconds=5)
    assert len(reader.call("GET", LOG).body["audit_log_entries"]) == 1


def test_every_seventh_entry_never_comes(reader: Server) -> None:
    reader.set(audit_hole_every=7)
    for number in range(14):
        reader.call("POST", f"/guilds/{GUILD}/roles", {"name": str(number)})
    reader.pass_time(seconds=5)
    entries = reader.call("GET", LOG).body["audit_log_entries"]
    told = [entry["changes"][0]["new_value"] for entry in entries]
    assert told == [str(n) for n in reversed(range(14)) if n not in (6, 13)]


def test_the_log_is_filtered_by_kind_person_target_and_place(reader: Server) -> None:
    role = reader.call("POST", f"/guilds/{GUILD}/roles", {"name": "x"}).body["id"]
    channel = reader.call("POST", f"/guilds/{GUILD}/channels", {"name": "y"}).body["id"]
    by_hand = reader.make("role", name="z")
    reader.pass_time(seconds=5)

    def targets(**query: object) -> list[str]:
        entries = reader.call("GET", LOG, query=query).body["audit_log_entries"]
        return [entry["target_id"] for entry in entries]

    assert targets() == [by_hand, channel, role]
    assert targets(limit=1) == [by_hand]
    assert targets(action_type=30) == [by_hand, role]
    assert targets(user_id=reader.bot) == [channel, role]
    assert targets(target_id=channel) == [channel]
    first, _, last = sorted(e["id"] for e in reader.state["audit"])
    assert targets(after=first) == [channel, by_hand]
    assert targets(before=last) == [channel, role]


def test_every_kind_of_change_leaves_an_entry(reader: Server) -> None:
    guild_path, channel_id = f"/guilds/{GUILD}", reader.make("channel", name="Voice", type=2)
    role = reader.make("role", name="r")
    message = reader.make("message", channel_id=channel_id, content="x")
    reader.on_server(reader.sandbox.guild.state["audit"].clear)
    path = f"/channels/{channel_id}"
    reader.call("PATCH", path, {"name": "Voice 2"})
    reader.call("PUT", f"{path}/permissions/{ADA}", {"type": 1})
    reader.call("PUT", f"{path}/permissions/{ADA}", {"type": 1, "allow": "1024"})
    reader.call("DELETE", f"{path}/permissions/{ADA}")
    reader.call("DELETE", f"{path}/messages/{message}")
    reader.call("PATCH", f"{guild_path}/roles/{role}", {"name": "s"})
    reader.call("PUT", f"{guild_path}/members/{ADA}/roles/{role}")
    reader.call("DELETE", f"{guild_path}/roles/{role}")
    reader.call("DELETE", path)
    assert [entry["action_type"] for entry in reader.state["audit"]] == [
        *(11, 13, 14, 15),
        *(72, 31, 25, 32, 12),
    ]


def test_entries_about_events_bring_the_event(reader: Server) -> None:
    voice = reader.make("channel", name="Voice", type=2)
    body = {
        "name": "Week 1",
        "privacy_level": 2,
        "entity_type": 2,
        "channel_id": voice,
        "scheduled_start_time": "2026-03-09T09:00:00+00:00",
    }
    event = reader.call("POST", f"/guilds/{GUILD}/scheduled-events", body).body["id"]
    reader.pass_time(seconds=5)
    shown = reader.call("GET", LOG, query={"action_type": 100}).body
    assert [found["id"] for found in shown["guild_scheduled_events"]] == [event]
    assert [user["id"] for user in shown["users"]] == [reader.bot]
