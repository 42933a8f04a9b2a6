"""Channels: made, read, edited, deleted, and what Discord refuses."""

import discord
import pytest

from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.server import ADA, GUILD, Reply, Server

VIEW = str(int(Bit.VIEW_CHANNEL))
HIDDEN = [{"id": GUILD, "type": 0, "deny": VIEW}]


def create(guild: Server, **body: object) -> Reply:
    return guild.call("POST", f"/guilds/{GUILD}/channels", body)


def bot_hidden_channel(guild: Server, kind: int = 0) -> str:
    return guild.make("channel", name="staff", type=kind, permission_overwrites=HIDDEN)


def channel_ids(guild: Server) -> list[str]:
    return [channel["id"] for channel in guild.call("GET", f"/guilds/{GUILD}/channels").body]


def test_discord_py_makes_a_category_with_a_text_and_a_voice_channel(guild: Server) -> None:
    async def build(
        client: discord.Client, fetched: discord.Guild
    ) -> list[discord.abc.GuildChannel]:
        category = await fetched.create_category("Course - Cohort")
        await category.create_text_channel("group-1", topic="Group 1")
        await category.create_voice_channel("Group 1")
        return list(await fetched.fetch_channels())

    category, text, voice = guild.as_client(build)
    assert isinstance(category, discord.CategoryChannel)
    assert isinstance(text, discord.TextChannel)
    assert (text.name, text.topic, text.category_id) == ("group-1", "Group 1", category.id)
    assert isinstance(voice, discord.VoiceChannel)
    assert (voice.name, voice.category_id) == ("Group 1", category.id)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("group-1", "group-1"),
        ("Group 1", "group-1"),
        ("Group (evening) [B]", "group-evening-b"),
        ("Q&A: what's next?", "qa-whats-next"),
        ("día-über", "día-über"),
    ],
)
def test_text_channel_names_are_rewritten_and_the_answer_shows_it(
    guild: Server, sent: str, answered: str
) -> None:
    reply = create(guild, name=sent, type=0)
    assert (reply.status, reply.body["name"]) == (201, answered)
    renamed = guild.call("PATCH", f"/channels/{reply.body['id']}", {"name": f"{sent} x"})
    assert renamed.body["name"] == f"{answered}-x"


@pytest.mark.parametrize("kind", [2, 4])
def test_voice_channels_and_categories_keep_their_names(guild: Server, kind: int) -> None:
    assert create(guild, name="Group (1)", type=kind).body["name"] == "Group (1)"


@pytest.mark.parametrize("name", ["", "   ", "n" * 101, None, 5, "?!"])
def test_a_name_that_discord_would_not_take_is_refused(guild: Server, name: object) -> None:
    assert create(guild, name=name).error == (400, 50035)
    assert guild.state["channels"] == {}


def test_channels_of_other_types_are_reported_as_missing_here(guild: Server) -> None:
    assert create(guild, name="forum", type=15).status == 501


def test_a_bot_that_shuts_itself_out_no_longer_sees_its_channel(guild: Server) -> None:
    made = create(guild, name="group-1", permission_overwrites=HIDDEN)
    assert made.status == 201
    assert guild.call("GET", f"/channels/{made.body['id']}").error == (403, 50001)


def test_a_channel_that_the_bot_cannot_see_is_left_out_of_the_list(guild: Server) -> None:
    hidden, seen = bot_hidden_channel(guild), guild.make("channel", name="general")
    assert channel_ids(guild) == [seen]
    for method, body in [("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)]:
        assert guild.call(method, f"/channels/{hidden}", body).error == (403, 50001)


def test_a_hidden_category_is_listed_as_soon_as_one_of_its_channels_is(guild: Server) -> None:
    category = bot_hidden_channel(guild, kind=4)
    assert channel_ids(guild) == []
    own = [*HIDDEN, {"id": guild.bot, "type": 1, "allow": VIEW}]
    inside = guild.make("channel", name="in", parent_id=category, permission_overwrites=own)
    assert channel_ids(guild) == [category, inside]


def test_a_deleted_channel_is_unknown(guild: Server) -> None:
    channel = guild.make("channel", name="group-1")
    assert guild.call("DELETE", f"/channels/{channel}").status == 200
    assert guild.call("GET", f"/channels/{channel}").error == (404, 10003)
    assert guild.call("DELETE", f"/channels/{channel}").error == (404, 10003)


def test_a_deleted_category_leaves_its_channels_behind(guild: Server) -> None:
    category = guild.make("channel", name="Cohort", type=4)
    channel = guild.make("channel", name="group-1", parent_id=category)
    guild.call("DELETE", f"/channels/{category}")
    assert guild.call("GET", f"/channels/{channel}").body["parent_id"] is None


def test_making_and_editing_channels_needs_manage_channels(guild: Server) -> None:
    channel = guild.make("channel", name="group-1")
    guild.set(bot_permissions=0)
    assert create(guild, name="group-2").error == (403, 50013)
    assert guild.call("PATCH", f"/channels/{channel}", {"name": "x"}).error == (403, 50013)
    assert guild.call("DELETE", f"/channels/{channel}").error == (403, 50013)


def test_a_voice_channel_is_not_managed_without_connect(guild: Server) -> None:
    closed = [{"id": GUILD, "type": 0, "deny": str(int(Bit.CONNECT))}]
    voice = guild.make("channel", name="Voice", type=2, permission_overwrites=closed)
    assert guild.call("GET", f"/channels/{voice}").status == 200
    assert guild.call("PATCH", f"/channels/{voice}", {"name": "x"}).error == (403, 50013)


def test_a_guild_that_enforces_two_factor_refuses_a_bot_whose_owner_has_none(
    guild: Server,
) -> None:
    guild.set(two_factor=True)
    assert create(guild, name="group-1").error == (403, 60003)
    assert guild.call("GET", f"/guilds/{GUILD}").body["mfa_level"] == 1


def test_a_guild_holds_500_channels(guild: Server) -> None:
    for number in range(500):
        guild.make("channel", name=f"c{number}", type=2)
    assert create(guild, name="one-more").error == (400, 30013)


def test_a_category_holds_50_channels(guild: Server) -> None:
    category = guild.make("channel", name="Cohort", type=4)
    for number in range(50):
        guild.make("channel", name=f"c{number}", parent_id=category)
    outside = guild.make("channel", name="outside")
    for reply in [
        create(guild, name="one-more", parent_id=category),
        guild.call("PATCH", f"/channels/{outside}", {"parent_id": category}),
    ]:
        assert reply.error == (400, 50035)
        complaint = reply.body["errors"]["parent_id"]["_errors"][0]
        assert complaint["code"] == "CHANNEL_PARENT_MAX_CHANNELS"


def test_only_a_category_can_be_a_parent(guild: Server) -> None:
    text = guild.make("channel", name="general")
    category = guild.make("channel", name="Cohort", type=4)
    refused = [
        create(guild, name="a", parent_id=text),
        create(guild, name="b", parent_id="123456789012345678"),
        create(guild, name="c", type=4, parent_id=category),
    ]
    assert [reply.error for reply in refused] == [(400, 50035)] * 3


def test_nothing_is_put_into_a_category_that_the_bot_cannot_see(guild: Server) -> None:
    category = bot_hidden_channel(guild, kind=4)
    assert create(guild, name="group-1", parent_id=category).error == (403, 50001)


def test_an_edit_changes_what_it_names_and_nothing_else(guild: Server) -> None:
    channel = guild.make("channel", name="group-1", topic="old", permission_overwrites=[])
    before = guild.call("GET", f"/channels/{channel}").body
    after = guild.call("PATCH", f"/channels/{channel}", {"topic": "new"}).body
    assert after == {**before, "topic": "new"}


def test_an_edit_that_is_refused_changes_nothing(guild: Server) -> None:
    channel = guild.make("channel", name="group-1")
    before = guild.state["channels"]
    body = {"name": "new", "permission_overwrites": [{"id": ADA, "type": 1, "allow": "8"}]}
    assert guild.call("PATCH", f"/channels/{channel}", body).error == (403, 50013)
    assert guild.state["channels"] == before
