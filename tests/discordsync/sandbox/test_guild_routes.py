"""The guild, the bot and its application, as discord.py reads them."""

from typing import Any

import discord

from tests.discordsync.sandbox.server import GUILD, Server


def test_discord_py_signs_in_and_fetches_the_guild(guild: Server) -> None:
    async def look(client: discord.Client, fetched: discord.Guild) -> tuple[Any, ...]:
        return client.user, fetched.id, [role.name for role in fetched.roles], fetched.owner_id

    user, guild_id, roles, owner_id = guild.as_client(look)
    assert user.id == int(guild.bot)
    assert user.bot
    assert guild_id == int(GUILD)
    assert roles == ["@everyone", "Lens"]
    assert str(owner_id) == guild.state["guild"]["owner_id"]


def test_the_application_shows_which_privileged_intents_it_has(guild: Server) -> None:
    async def flags(client: discord.Client, _: discord.Guild) -> discord.ApplicationFlags:
        return (await client.application_info()).flags

    assert guild.as_client(flags).gateway_guild_members_limited
    assert not guild.as_client(flags).gateway_message_content_limited
    guild.set(members_intent=False, message_content_intent=True)
    assert not guild.as_client(flags).gateway_guild_members_limited
    assert guild.as_client(flags).gateway_message_content_limited


def test_both_addresses_of_the_application_answer_alike(guild: Server) -> None:
    newer = guild.call("GET", "/applications/@me")
    assert newer.status == 200
    assert guild.call("GET", "/oauth2/applications/@me").body == newer.body


def test_the_guild_counts_its_people_when_asked(guild: Server) -> None:
    counted = guild.call("GET", f"/guilds/{GUILD}", query={"with_counts": "true"}).body
    assert counted["approximate_member_count"] == 5  # Ada, Ben, Cleo, the owner, the bot
    assert "approximate_member_count" not in guild.call("GET", f"/guilds/{GUILD}").body


def test_the_bots_guilds_are_listed_in_pages(guild: Server) -> None:
    async def guild_ids(client: discord.Client, _: discord.Guild) -> list[int]:
        return [found.id async for found in client.fetch_guilds()]

    assert guild.as_client(guild_ids) == [int(GUILD)]
    assert guild.call("GET", "/users/@me/guilds", query={"after": GUILD}).body == []


def test_the_gateway_is_this_very_server(guild: Server) -> None:
    address = f"ws://127.0.0.1:{guild.port}/gateway"
    assert guild.call("GET", "/gateway").body == {"url": address}
    assert guild.call("GET", "/gateway/bot").body["url"] == address
