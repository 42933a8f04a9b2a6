"""People of the guild: reading them, granting and revoking."""

import discord
import pytest

from tests.discordsync.sandbox.server import ADA, BEN, CLEO, GUILD, Server

MEMBERS = f"/guilds/{GUILD}/members"
STRANGER = "200000000000000099"


def ids(body: list[dict[str, dict[str, str]]]) -> list[str]:
    return [member["user"]["id"] for member in body]


def test_discord_py_reads_members_and_changes_their_roles(guild: Server) -> None:
    role_id = guild.make("role", name="Group 1")

    async def act(client: discord.Client, fetched: discord.Guild) -> dict[str, list[str]]:
        role = await fetched.fetch_role(int(role_id))
        ada, ben = [await fetched.fetch_member(int(person)) for person in (ADA, BEN)]
        await ada.add_roles(role, reason="joins Group 1")
        await ben.add_roles(role)
        await ben.remove_roles(role)
        return {
            member.name: [held.name for held in member.roles]
            async for member in fetched.fetch_members(limit=None)
        }

    assert guild.as_client(act) == {
        "ada": ["@everyone", "Group 1"],
        "ben": ["@everyone"],
        "cleo": ["@everyone"],
        "owner": ["@everyone"],
        "Lens": ["@everyone", "Lens"],
    }


def test_the_member_list_needs_the_privileged_intent(guild: Server) -> None:
    guild.set(members_intent=False)
    assert guild.call("GET", MEMBERS).error == (403, 50001)
    assert guild.call("GET", f"{MEMBERS}/{ADA}").status == 200
    assert guild.call("GET", f"{MEMBERS}/search", query={"query": "a"}).status == 200


def test_the_member_list_comes_in_pages_by_id(guild: Server) -> None:
    first = guild.call("GET", MEMBERS, query={"limit": 2}).body
    rest = guild.call("GET", MEMBERS, query={"limit": 1000, "after": BEN}).body
    assert ids(first) == [ADA, BEN]
    assert ids(rest)[0] == CLEO
    assert len(rest) == 3
    assert len(guild.call("GET", MEMBERS).body) == 1  # the default limit


def test_a_thousand_and_one_members_take_discord_py_two_pages(guild: Server) -> None:
    people = [{"id": str(4 * 10**17 + n), "username": f"p{n}"} for n in range(999)]
    guild.control("members", people)

    async def count(client: discord.Client, fetched: discord.Guild) -> int:
        return len([member async for member in fetched.fetch_members(limit=None)])

    assert guild.as_client(count) == 1001
    asked = [e for e in guild.exchanges if e["path"].endswith("/members")]
    assert [len(e["response"]) for e in asked] == [1000, 1]


def test_a_search_finds_by_the_beginning_of_the_name(guild: Server) -> None:
    found = guild.call("GET", f"{MEMBERS}/search", query={"query": "BE", "limit": 5}).body
    assert ids(found) == [BEN]
    assert guild.call("GET", f"{MEMBERS}/search").error == (400, 50035)


def test_someone_outside_the_guild_is_an_unknown_member(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.control("leave", {"id": ADA})
    for person in (ADA, STRANGER):
        assert guild.call("GET", f"{MEMBERS}/{person}").error == (404, 10007)
        assert guild.call("PUT", f"{MEMBERS}/{person}/roles/{role}").error == (404, 10007)


@pytest.mark.parametrize("nobody", ["0", "123", "18000000000000000000"])
def test_an_id_that_discord_never_gave_out_is_an_unknown_user(guild: Server, nobody: str) -> None:
    assert guild.call("GET", f"{MEMBERS}/{nobody}").error == (404, 10013)


def test_a_grant_of_an_unknown_role_is_refused(guild: Server) -> None:
    assert guild.call("PUT", f"{MEMBERS}/{ADA}/roles/{STRANGER}").error == (404, 10011)


def test_granting_and_revoking_twice_is_the_same_as_once(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    path = f"{MEMBERS}/{ADA}/roles/{role}"
    assert [guild.call("PUT", path).status for _ in range(2)] == [204, 204]
    assert guild.call("GET", f"{MEMBERS}/{ADA}").body["roles"] == [role]
    assert [guild.call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert guild.call("GET", f"{MEMBERS}/{ADA}").body["roles"] == []


def test_owners_can_be_given_roles_since_only_the_roles_position_counts(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    owner = guild.state["guild"]["owner_id"]
    assert guild.call("PUT", f"{MEMBERS}/{owner}/roles/{role}").status == 204


def test_no_one_is_given_the_role_of_a_bot(guild: Server) -> None:
    guild.make("role", name="Group 1")
    guild.set(bot_role_position=2)
    path = f"{MEMBERS}/{ADA}/roles/{guild.state['bot_role_id']}"
    assert guild.call("PUT", path).error == (403, 50013)
