"""Messages: sent once, read with the right permissions, edited by their authors."""

import discord
import pytest

from discordsync.sandbox.permissions import EVERYONE, LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.server import ADA, Reply, Server


def send(guild: Server, channel: str, content: object = "Hello", **body: object) -> Reply:
    return guild.call("POST", f"/channels/{channel}/messages", {"content": content, **body})


def texts(guild: Server, channel: str, **query: object) -> list[str]:
    found = guild.call("GET", f"/channels/{channel}/messages", query=query).body
    return [message["content"] for message in found]


@pytest.fixture
def channel(guild: Server) -> str:
    return guild.make("channel", name="group-1")


def without(*bits: Bit) -> dict[str, int]:
    """Settings by which no one, nor the bot, holds these bits."""
    mask = ~sum(bits)
    return {
        "bot_permissions": LEAST_PRIVILEGED & mask,
        "everyone_permissions": EVERYONE & mask,
    }


def test_discord_py_sends_reads_edits_and_deletes(guild: Server, channel: str) -> None:
    async def act(client: discord.Client, fetched: discord.Guild) -> list[str]:
        talk = await fetched.fetch_channel(int(channel))
        assert isinstance(talk, discord.TextChannel)
        first = await talk.send("one")
        await first.edit(content="One")
        await (await talk.send("two")).delete()
        await talk.send("three")
        assert (await talk.fetch_message(first.id)).edited_at is not None
        return [message.content async for message in talk.history()]

    assert guild.as_client(act) == ["three", "One"]


def test_a_nonce_sends_a_message_once(guild: Server, channel: str) -> None:
    replies = [send(guild, channel, nonce="welcome-1", enforce_nonce=True) for _ in range(3)]
    assert len({reply.body["id"] for reply in replies}) == 1
    assert {reply.body["nonce"] for reply in replies} == {"welcome-1"}
    assert texts(guild, channel) == ["Hello"]


def test_a_nonce_that_is_not_enforced_sends_again(guild: Server, channel: str) -> None:
    for _ in range(2):
        send(guild, channel, nonce="welcome-1")
    assert texts(guild, channel) == ["Hello", "Hello"]


def test_a_nonce_is_forgotten_after_a_few_minutes(guild: Server, channel: str) -> None:
    send(guild, channel, nonce="welcome-1", enforce_nonce=True)
    guild.pass_time(minutes=6)
    send(guild, channel, nonce="welcome-1", enforce_nonce=True)
    assert texts(guild, channel) == ["Hello", "Hello"]


def test_a_nonce_whose_message_was_deleted_is_unknown(guild: Server, channel: str) -> None:
    message = send(guild, channel, nonce="welcome-1", enforce_nonce=True).body["id"]
    guild.control("delete", {"kind": "message", "id": message})
    again = send(guild, channel, nonce="welcome-1", enforce_nonce=True)
    assert again.error == (404, 10008)


def test_a_nonce_holds_across_channels_and_for_its_author_alone(
    guild: Server, channel: str
) -> None:
    guild.make("message", channel_id=channel, content="by the owner", nonce="1")
    mine = send(guild, channel, nonce="1", enforce_nonce=True).body
    other = guild.make("channel", name="group-2")
    assert send(guild, other, nonce="1", enforce_nonce=True).body["id"] == mine["id"]
    assert len(texts(guild, channel)) == 2


def test_a_nonce_has_at_most_25_characters(guild: Server, channel: str) -> None:
    assert send(guild, channel, nonce="n" * 26).error == (400, 50035)
    assert send(guild, channel, nonce=12345).body["nonce"] == "12345"


def test_a_message_has_at_most_2000_characters_and_at_least_one(
    guild: Server, channel: str
) -> None:
    assert send(guild, channel, "x" * 2000).status == 200
    assert send(guild, channel, "x" * 2001).error == (400, 50035)
    assert send(guild, channel, "  ").error == (400, 50006)
    assert send(guild, channel, None).error == (400, 50006)


def test_sending_needs_the_channel_in_sight_and_send_messages(guild: Server, channel: str) -> None:
    guild.set(**without(Bit.SEND_MESSAGES))
    assert send(guild, channel).error == (403, 50013)
    guild.set(**without(Bit.VIEW_CHANNEL))
    assert send(guild, channel).error == (403, 50001)
    assert guild.call("GET", f"/channels/{channel}/messages").error == (403, 50001)


def test_without_read_message_history_the_history_is_an_empty_list(
    guild: Server, channel: str
) -> None:
    message = send(guild, channel).body["id"]
    guild.set(**without(Bit.READ_MESSAGE_HISTORY))
    assert texts(guild, channel) == []
    assert guild.call("GET", f"/channels/{channel}/messages/{message}").error == (403, 50001)


def test_a_category_holds_no_messages_but_a_voice_channel_does(guild: Server) -> None:
    assert send(guild, guild.make("channel", name="Cohort", type=4)).error == (400, 50008)
    assert send(guild, guild.make("channel", name="Voice", type=2)).status == 200


def test_an_unknown_channel_or_message_is_reported_as_such(guild: Server, channel: str) -> None:
    assert send(guild, ADA).error == (404, 10003)
    assert guild.call("GET", f"/channels/{channel}/messages/{ADA}").error == (404, 10008)


def test_history_is_read_in_pages_from_either_end(guild: Server, channel: str) -> None:
    ids = [send(guild, channel, str(number)).body["id"] for number in range(9)]
    assert texts(guild, channel, limit=2) == ["8", "7"]
    assert texts(guild, channel, limit=2, before=ids[4]) == ["3", "2"]
    assert texts(guild, channel, limit=2, after=ids[4]) == ["6", "5"]
    assert texts(guild, channel, limit=3, around=ids[4]) == ["5", "4", "3"]


def test_other_peoples_text_is_hidden_from_a_bot_without_the_intent(
    guild: Server, channel: str
) -> None:
    guild.make("message", channel_id=channel, content="psst")
    guild.make("message", channel_id=channel, content=f"hey <@{guild.bot}>")
    assert texts(guild, channel) == [f"hey <@{guild.bot}>", ""]
    guild.set(message_content_intent=True)
    assert texts(guild, channel) == [f"hey <@{guild.bot}>", "psst"]


def test_no_one_edits_what_another_wrote(guild: Server, channel: str) -> None:
    message = guild.make("message", channel_id=channel, content="psst")
    path = f"/channels/{channel}/messages/{message}"
    assert guild.call("PATCH", path, {"content": "x"}).error == (403, 50005)


def test_deleting_what_another_wrote_needs_manage_messages(guild: Server, channel: str) -> None:
    message = guild.make("message", channel_id=channel, content="psst")
    path = f"/channels/{channel}/messages/{message}"
    guild.set(**without(Bit.MANAGE_MESSAGES))
    assert guild.call("DELETE", path).error == (403, 50013)
    guild.set(bot_permissions=LEAST_PRIVILEGED)
    assert guild.call("DELETE", path).status == 204
    assert guild.call("DELETE", path).error == (404, 10008)


@pytest.mark.parametrize("extra", [{"embeds": [{"title": "x"}]}, {"tts": True}])
def test_what_messages_cannot_hold_here_is_reported_as_missing(
    guild: Server, channel: str, extra: dict[str, object]
) -> None:
    assert send(guild, channel, **extra).status == 501
    assert texts(guild, channel) == []


def test_messages_go_with_their_channel(guild: Server, channel: str) -> None:
    send(guild, channel)
    guild.call("DELETE", f"/channels/{channel}")
    assert guild.call("GET", f"/channels/{channel}/messages").error == (404, 10003)


def test_the_channel_knows_its_last_message(guild: Server, channel: str) -> None:
    message = send(guild, channel).body["id"]
    assert guild.call("GET", f"/channels/{channel}").body["last_message_id"] == message


def test_a_message_bears_the_time_of_the_sandboxs_clock(guild: Server, channel: str) -> None:
    guild.pass_time(days=3)
    assert send(guild, channel).body["timestamp"] == guild.clock.now().isoformat()
