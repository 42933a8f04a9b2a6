"""Roles: their order, who may manage them, and what goes with them."""

import discord
import pytest

from discordsync.sandbox.permissions import EVERYONE, LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, Reply, Server

ROLES = f"/guilds/{GUILD}/roles"


def create(guild: Server, **body: object) -> Reply:
    return guild.call("POST", ROLES, body)


def positions(guild: Server) -> dict[str, int]:
    return {role["name"]: role["position"] for role in guild.call("GET", ROLES).body}


def test_discord_py_makes_edits_and_deletes_a_role(guild: Server) -> None:
    async def act(client: discord.Client, fetched: discord.Guild) -> list[tuple[str, int, int]]:
        role = await fetched.create_role(name="Group 1", mentionable=True)
        other = await fetched.create_role(name="Group 2", colour=discord.Colour(0x00FF00))
        await role.edit(name="Group One", mentionable=False)
        await other.delete()
        return [(r.name, r.permissions.value, r.position) for r in await fetched.fetch_roles()]

    roles = guild.as_client(act)
    assert roles == [
        ("@everyone", EVERYONE, 0),
        ("Lens", LEAST_PRIVILEGED, 2),
        ("Group One", 0, 1),
    ]


def test_a_new_role_comes_just_above_everyone_and_lifts_the_others(guild: Server) -> None:
    create(guild, name="first")
    create(guild, name="second")
    assert positions(guild) == {"@everyone": 0, "second": 1, "first": 2, "Lens": 3}


def test_a_deleted_role_closes_the_gap(guild: Server) -> None:
    first = create(guild, name="first").body["id"]
    create(guild, name="second")
    assert guild.call("DELETE", f"{ROLES}/{first}").status == 204
    assert positions(guild) == {"@everyone": 0, "second": 1, "Lens": 2}


def test_a_role_made_without_permissions_gets_those_of_everyone(guild: Server) -> None:
    assert create(guild, name="x").body["permissions"] == str(EVERYONE)
    assert create(guild, name="y", permissions="0").body["permissions"] == "0"


def test_a_role_made_without_a_name_is_called_new_role(guild: Server) -> None:
    assert create(guild).body["name"] == "new role"


def test_role_names_are_not_rewritten(guild: Server) -> None:
    assert create(guild, name="Group (1) [B]").body["name"] == "Group (1) [B]"


@pytest.mark.parametrize("name", ["", " ", "n" * 101, 7])
def test_a_name_that_discord_would_not_take_is_refused(guild: Server, name: object) -> None:
    assert create(guild, name=name).error == (400, 50035)


def test_a_bot_gives_a_role_only_bits_that_it_holds(guild: Server) -> None:
    bits = str(int(Bit.BAN_MEMBERS))
    assert create(guild, name="x", permissions=bits).error == (403, 50013)
    role = guild.make("role", name="y")
    assert guild.call("PATCH", f"{ROLES}/{role}", {"permissions": bits}).error == (403, 50013)


def test_a_role_not_below_the_bots_own_cannot_be_managed(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.set(bot_role_position=1)
    grant = f"/guilds/{GUILD}/members/{ADA}/roles/{role}"
    refused = [
        guild.call("PATCH", f"{ROLES}/{role}", {"name": "x"}),
        guild.call("DELETE", f"{ROLES}/{role}"),
        guild.call("PUT", grant),
        guild.call("DELETE", grant),
        guild.call("PATCH", f"{ROLES}/{guild.state['bot_role_id']}", {"name": "x"}),
    ]
    assert [reply.error for reply in refused] == [(403, 50013)] * 5


def test_roles_are_managed_only_with_manage_roles(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.set(bot_permissions=LEAST_PRIVILEGED & ~Bit.MANAGE_ROLES)
    grant = f"/guilds/{GUILD}/members/{ADA}/roles/{role}"
    refused = [
        create(guild, name="x"),
        guild.call("PATCH", f"{ROLES}/{role}", {"name": "x"}),
        guild.call("DELETE", f"{ROLES}/{role}"),
        guild.call("PUT", grant),
        guild.call("DELETE", grant),
    ]
    assert [reply.error for reply in refused] == [(403, 50013)] * 5


def test_everyones_role_is_neither_deleted_nor_given(guild: Server) -> None:
    assert guild.call("DELETE", f"{ROLES}/{GUILD}").error == (400, 50028)
    grant = f"/guilds/{GUILD}/members/{ADA}/roles/{GUILD}"
    assert guild.call("PUT", grant).error == (400, 50028)


def test_a_deleted_role_is_unknown_and_leaves_its_people(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.control("grant", {"member": ADA, "role": role})
    guild.call("DELETE", f"{ROLES}/{role}")
    assert guild.call("GET", f"{ROLES}/{role}").error == (404, 10011)
    assert guild.call("GET", f"/guilds/{GUILD}/members/{ADA}").body["roles"] == []


def test_a_role_is_read_by_its_id(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    assert guild.call("GET", f"{ROLES}/{role}").body["name"] == "Group 1"


def test_members_are_counted_per_role_without_everyone(guild: Server) -> None:
    full, empty = guild.make("role", name="full"), guild.make("role", name="empty")
    for person in (ADA, BEN):
        guild.control("grant", {"member": person, "role": full})
    counts = guild.call("GET", f"{ROLES}/member-counts").body
    assert counts == {guild.state["bot_role_id"]: 1, full: 2, empty: 0}


def test_a_guild_holds_250_roles(guild: Server) -> None:
    for number in range(248):  # besides @everyone's and the bot's
        guild.make("role", name=f"r{number}")
    assert create(guild, name="one more").error == (400, 30005)


@pytest.mark.parametrize(
    "body",
    [
        {"icon": "data:"},
        {"unicode_emoji": "x"},
        {"colors": {"primary_color": 1, "secondary_color": 2}},
    ],
)
def test_what_this_guild_has_no_boosts_for_is_reported_as_missing(
    guild: Server, body: dict[str, object]
) -> None:
    assert create(guild, **body).status == 501
