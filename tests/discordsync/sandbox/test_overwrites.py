"""Overwrites: what a bot may set, for whom, and what a category passes on."""

from typing import Any

import discord
import pytest

from discordsync.sandbox.permissions import ALL, LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, BEN, CLEO, GUILD, Server

NOBODY = "300000000000000000"


def overwrite(target: str, kind: int, *, allow: int = 0, deny: int = 0) -> dict[str, Any]:
    return {"id": target, "type": kind, "allow": str(int(allow)), "deny": str(int(deny))}


HIDDEN = overwrite(GUILD, 0, deny=Bit.VIEW_CHANNEL)


def overwrites_of(guild: Server, channel: str) -> list[dict[str, Any]]:
    return list(guild.call("GET", f"/channels/{channel}").body["permission_overwrites"])


def put(guild: Server, channel: str, target: str, **body: Any) -> tuple[int, int]:
    reply = guild.call("PUT", f"/channels/{channel}/permissions/{target}", body)
    return reply.error if reply.body else (reply.status, 0)


def drop(guild: Server, channel: str, target: str) -> tuple[int, int]:
    reply = guild.call("DELETE", f"/channels/{channel}/permissions/{target}")
    return reply.error if reply.body else (reply.status, 0)


@pytest.mark.parametrize("side", ["allow", "deny"])
def test_a_bot_sets_only_bits_that_it_holds_itself_denials_included(
    guild: Server, side: str
) -> None:
    item = {"id": GUILD, "type": 0, side: str(int(Bit.MANAGE_WEBHOOKS))}
    body = {"name": "group-1", "permission_overwrites": [item]}
    channel = guild.make("channel", name="general")
    assert guild.call("POST", f"/guilds/{GUILD}/channels", body).error == (403, 50013)
    assert guild.call("PATCH", f"/channels/{channel}", body).error == (403, 50013)
    assert put(guild, channel, GUILD, type=0, **{side: item[side]}) == (403, 50013)
    assert list(guild.state["channels"]) == [channel]
    assert overwrites_of(guild, channel) == []


def test_an_overwrite_with_bits_that_the_bot_lacks_cannot_be_taken_away_by_it(
    guild: Server,
) -> None:
    foreign = overwrite(ADA, 1, allow=Bit.MANAGE_WEBHOOKS)
    channel = guild.make("channel", name="general", permission_overwrites=[foreign])
    assert drop(guild, channel, ADA) == (403, 50013)
    assert overwrites_of(guild, channel) == [foreign]


def test_manage_roles_in_an_overwrite_is_for_administrators(guild: Server) -> None:
    channel = guild.make("channel", name="general")
    bits = str(int(Bit.MANAGE_ROLES))
    assert put(guild, channel, ADA, type=1, allow=bits) == (403, 50013)
    guild.set(bot_permissions=int(Bit.ADMINISTRATOR))
    assert put(guild, channel, ADA, type=1, allow=bits) == (204, 0)


def test_with_manage_roles_from_the_channel_a_person_may_set_any_other_bit(
    guild: Server,
) -> None:
    mine = overwrite(guild.bot, 1, allow=Bit.MANAGE_ROLES)
    channel = guild.make("channel", name="general", permission_overwrites=[mine])
    assert put(guild, channel, ADA, type=1, allow=str(int(Bit.MANAGE_WEBHOOKS))) == (204, 0)


def test_editing_overwrites_needs_manage_roles_but_making_a_channel_with_them_does_not(
    guild: Server,
) -> None:
    channel = guild.make("channel", name="general")
    guild.set(bot_permissions=LEAST_PRIVILEGED & ~Bit.MANAGE_ROLES)
    own = overwrite(guild.bot, 1, allow=Bit.VIEW_CHANNEL)
    body = {"name": "group-1", "permission_overwrites": [HIDDEN, own]}
    assert guild.call("POST", f"/guilds/{GUILD}/channels", body).status == 201
    edit = {"permission_overwrites": [HIDDEN, own]}
    assert guild.call("PATCH", f"/channels/{channel}", edit).error == (403, 50013)
    assert put(guild, channel, ADA, type=1, allow="1024") == (403, 50013)


def test_a_bit_denied_to_the_bot_in_the_category_cannot_be_set_in_an_existing_channel(
    guild: Server,
) -> None:
    closed = overwrite(GUILD, 0, deny=Bit.SPEAK)
    category = guild.make("channel", name="Cohort", type=4, permission_overwrites=[closed])
    channel = guild.make("channel", name="Voice", type=2, parent_id=category)
    assert put(guild, channel, ADA, type=1, allow=str(int(Bit.SPEAK))) == (403, 50013)
    assert put(guild, channel, ADA, type=1, allow=str(int(Bit.CONNECT))) == (204, 0)


def test_nothing_is_set_in_a_channel_that_the_bot_cannot_see(guild: Server) -> None:
    channel = guild.make("channel", name="staff", permission_overwrites=[HIDDEN])
    assert put(guild, channel, ADA, type=1, allow="1024") == (403, 50001)
    assert drop(guild, channel, GUILD) == (403, 50001)


@pytest.mark.parametrize(("target", "kind"), [(NOBODY, 0), (NOBODY, 1), (ADA, 0), (GUILD, 1)])
def test_an_overwrite_names_a_role_or_a_member_and_says_which(
    guild: Server, target: str, kind: int
) -> None:
    channel = guild.make("channel", name="general")
    assert put(guild, channel, target, type=kind, allow="1024") == (404, 10009)
    body = {"name": "x", "permission_overwrites": [{"id": target, "type": kind}]}
    assert guild.call("POST", f"/guilds/{GUILD}/channels", body).error == (404, 10009)


def test_an_overwrite_outlives_the_membership_and_can_be_sent_back(guild: Server) -> None:
    channel = guild.make("channel", name="general")
    put(guild, channel, ADA, type=1, allow="1024")
    guild.control("leave", {"id": ADA})
    held = overwrites_of(guild, channel)
    assert [item["id"] for item in held] == [ADA]
    edit = {"permission_overwrites": [*held, overwrite(BEN, 1, allow=1024)]}
    assert guild.call("PATCH", f"/channels/{channel}", edit).status == 200
    assert drop(guild, channel, ADA) == (204, 0)


def test_what_is_left_out_of_an_overwrite_is_nothing(guild: Server) -> None:
    channel = guild.make("channel", name="general")
    assert put(guild, channel, GUILD, deny="2048") == (204, 0)
    assert put(guild, channel, ADA, type=1, allow=None, deny=None) == (204, 0)
    assert overwrites_of(guild, channel) == [overwrite(GUILD, 0, deny=2048), overwrite(ADA, 1)]


def test_deleting_an_overwrite_that_is_not_there_is_unknown(guild: Server) -> None:
    channel = guild.make("channel", name="general")
    assert drop(guild, channel, ADA) == (404, 10009)


@pytest.mark.parametrize("sent", [{}, {"permission_overwrites": []}])
def test_a_new_channel_without_overwrites_copies_its_categorys(
    guild: Server, sent: dict[str, Any]
) -> None:
    own = overwrite(guild.bot, 1, allow=Bit.VIEW_CHANNEL)
    category = guild.make("channel", name="Cohort", type=4, permission_overwrites=[HIDDEN, own])
    body = {"name": "group-1", "parent_id": category, **sent}
    made = guild.call("POST", f"/guilds/{GUILD}/channels", body).body
    assert made["permission_overwrites"] == [HIDDEN, own]


def test_a_new_channel_with_overwrites_of_its_own_inherits_nothing(guild: Server) -> None:
    own = overwrite(guild.bot, 1, allow=Bit.VIEW_CHANNEL)
    category = guild.make("channel", name="Cohort", type=4, permission_overwrites=[HIDDEN, own])
    body = {"name": "group-1", "parent_id": category, "permission_overwrites": [overwrite(ADA, 1)]}
    made = guild.call("POST", f"/guilds/{GUILD}/channels", body).body
    assert made["permission_overwrites"] == [overwrite(ADA, 1)]


def test_a_category_with_bits_that_the_bot_lacks_cannot_be_copied(guild: Server) -> None:
    foreign = overwrite(GUILD, 0, deny=Bit.MANAGE_WEBHOOKS)
    category = guild.make("channel", name="Cohort", type=4, permission_overwrites=[foreign])
    body = {"name": "group-1", "parent_id": category}
    assert guild.call("POST", f"/guilds/{GUILD}/channels", body).error == (403, 50013)


def test_channels_that_match_their_category_follow_its_changes_and_others_do_not(
    guild: Server,
) -> None:
    category = guild.make("channel", name="Cohort", type=4)
    synced = guild.make("channel", name="synced", parent_id=category)
    apart = guild.make("channel", name="apart", parent_id=category)
    put(guild, apart, ADA, type=1, allow="1024")
    put(guild, category, GUILD, type=0, deny="2048")
    assert overwrites_of(guild, synced) == [overwrite(GUILD, 0, deny=2048)]
    assert overwrites_of(guild, apart) == [overwrite(ADA, 1, allow=1024)]


def test_a_deleted_role_leaves_every_overwrite(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    channel = guild.make("channel", name="x", permission_overwrites=[overwrite(role, 0)])
    guild.call("DELETE", f"/guilds/{GUILD}/roles/{role}")
    assert overwrites_of(guild, channel) == []


def test_discord_py_sets_and_clears_the_permissions_of_a_member(guild: Server) -> None:
    channel_id = guild.make("channel", name="Voice", type=2)

    async def act(client: discord.Client, fetched: discord.Guild) -> None:
        channel = await fetched.fetch_channel(int(channel_id))
        assert isinstance(channel, discord.VoiceChannel)
        ada, ben = [await fetched.fetch_member(int(person)) for person in (ADA, BEN)]
        await channel.set_permissions(ada, mute_members=True, move_members=True)
        await channel.set_permissions(ben, mute_members=True)
        await channel.set_permissions(ben, overwrite=None)

    guild.as_client(act)
    bits = Bit.MUTE_MEMBERS | Bit.MOVE_MEMBERS
    assert overwrites_of(guild, channel_id) == [overwrite(ADA, 1, allow=bits)]


def test_a_channel_holds_a_thousand_overwrites(guild: Server) -> None:
    people = [{"id": str(4 * 10**17 + n), "username": f"p{n}"} for n in range(1000)]
    guild.control("members", [*people, {"id": CLEO, "username": "cleo"}])
    channel = guild.make("channel", name="general")
    for person in people:
        assert put(guild, channel, person["id"], type=1) == (204, 0)
    assert put(guild, channel, CLEO, type=1) == (400, 30060)


def test_no_bit_is_beyond_the_owner(guild: Server) -> None:
    channel = guild.make("channel", name="x", permission_overwrites=[overwrite(ADA, 1, allow=ALL)])
    assert overwrites_of(guild, channel) == [overwrite(ADA, 1, allow=ALL)]
