"""Who is pinged by a message."""

from typing import Any

import discord
import pytest

from discordsync.sandbox.permissions import LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, Server


@pytest.fixture
def channel(guild: Server) -> str:
    return guild.make("channel", name="group-1")


def mentioned(guild: Server, channel: str, content: str, allowed: Any = None) -> dict[str, Any]:
    """Who the answered message says is mentioned."""
    body = {"content": content, **({} if allowed is None else {"allowed_mentions": allowed})}
    message = guild.call("POST", f"/channels/{channel}/messages", body).body
    return {
        "users": [user["id"] for user in message["mentions"]],
        "roles": message["mention_roles"],
        "everyone": message["mention_everyone"],
    }


def nobody() -> dict[str, Any]:
    return {"users": [], "roles": [], "everyone": False}


@pytest.mark.parametrize(
    ("allowed", "users"),
    [
        (None, [ADA, BEN]),
        ({"parse": ["users"]}, [ADA, BEN]),
        ({"parse": []}, []),
        ({"parse": ["roles", "everyone"]}, []),
        ({"parse": [], "users": [BEN]}, [BEN]),
        ({"users": [int(ADA)]}, [ADA]),
        ({}, []),
    ],
)
def test_allowed_mentions_say_which_people_are_pinged(
    guild: Server, channel: str, allowed: Any, users: list[str]
) -> None:
    content = f"<@{ADA}> and <@!{BEN}> and again <@{ADA}>"
    assert mentioned(guild, channel, content, allowed) == {**nobody(), "users": users}


def test_an_id_that_is_no_ones_pings_no_one(guild: Server, channel: str) -> None:
    assert mentioned(guild, channel, "<@200000000000000099> <@&5>") == nobody()


def test_a_role_is_pinged_when_it_is_mentionable(guild: Server, channel: str) -> None:
    quiet = guild.make("role", name="quiet")
    loud = guild.make("role", name="loud", mentionable=True)
    content = f"<@&{quiet}> <@&{loud}>"
    assert mentioned(guild, channel, content) == {**nobody(), "roles": [loud]}
    only_quiet = {"parse": [], "roles": [quiet]}
    assert mentioned(guild, channel, content, only_quiet) == nobody()


def test_mention_everyone_pings_every_role_and_everyone(guild: Server, channel: str) -> None:
    quiet = guild.make("role", name="quiet")
    content = f"@everyone <@&{quiet}>"
    assert mentioned(guild, channel, content) == nobody()
    guild.set(bot_permissions=LEAST_PRIVILEGED | Bit.MENTION_EVERYONE)
    assert mentioned(guild, channel, content) == {
        "users": [],
        "roles": [quiet],
        "everyone": True,
    }
    assert mentioned(guild, channel, content, {"parse": ["roles"]})["everyone"] is False


def test_a_kind_and_its_ids_exclude_each_other(guild: Server, channel: str) -> None:
    body = {"content": "x", "allowed_mentions": {"parse": ["users"], "users": [ADA]}}
    reply = guild.call("POST", f"/channels/{channel}/messages", body)
    assert reply.error == (400, 50035)
    complaint = reply.body["errors"]["allowed_mentions"]["_errors"][0]
    assert complaint["code"] == "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"


@pytest.mark.parametrize(
    "allowed", [5, {"parse": ["people"]}, {"users": ["x"]}, {"users": [ADA] * 101}]
)
def test_malformed_allowed_mentions_are_refused(
    guild: Server, channel: str, allowed: object
) -> None:
    body = {"content": "x", "allowed_mentions": allowed}
    assert guild.call("POST", f"/channels/{channel}/messages", body).error == (400, 50035)


def test_the_page_shows_who_is_really_notified(guild: Server) -> None:
    role = guild.make("role", name="Group 1", mentionable=True)
    guild.control("grant", {"member": ADA, "role": role})
    view = str(int(Bit.VIEW_CHANNEL))
    hidden = guild.make(
        "channel",
        name="group-1",
        permission_overwrites=[
            {"id": GUILD, "type": 0, "deny": view},
            {"id": role, "type": 0, "allow": view},
            {"id": guild.bot, "type": 1, "allow": view},
        ],
    )

    async def act(client: discord.Client, fetched: discord.Guild) -> None:
        talk = await fetched.fetch_channel(int(hidden))
        assert isinstance(talk, discord.TextChannel)
        await talk.send(f"<@&{role}> <@{BEN}>", allowed_mentions=discord.AllowedMentions.all())

    guild.as_client(act)
    shown = guild.on_server(guild.sandbox.view)["messages"][0]
    assert (shown["mentions"], shown["mention_roles"]) == (["ben"], ["Group 1"])
    assert shown["pinged"] == ["ada"]  # Ben does not see the channel
