"""An interaction as the bot is sent it: what it says of who, where and what."""

from collections.abc import Callable
from typing import Any

import pytest

from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.interactions.playing import HIDDEN, Bot, People, button, row
from tests.discordsync.sandbox.server import ADA, GUILD, Server


def test_a_command_says_who_ran_it_where(
    guild: Server, bot: Bot, people: People, channel: str
) -> None:
    payload = bot.payload(people.run("echo", text="hi"))
    assert (payload["type"], payload["version"], payload["context"]) == (2, 1, 0)
    assert payload["application_id"] == guild.bot
    assert (payload["guild_id"], payload["channel_id"]) == (GUILD, channel)
    assert payload["authorizing_integration_owners"] == {"0": GUILD}
    assert payload["member"]["user"]["id"] == ADA
    assert payload["data"]["options"] == [{"name": "text", "type": 3, "value": "hi"}]
    assert int(payload["app_permissions"]) & Bit.VIEW_CHANNEL
    assert "user" not in payload
    assert "message" not in payload


def test_the_persons_permissions_are_those_of_the_channel(
    guild: Server, bot: Bot, people: People, channel: str
) -> None:
    quiet = [{"id": ADA, "type": 1, "deny": str(int(Bit.SEND_MESSAGES))}]
    change = {"permission_overwrites": quiet}
    guild.control("edit", {"kind": "channel", "id": channel, "fields": change})
    payload = bot.payload(people.run("echo", text="hi"))
    for bits in (payload["member"]["permissions"], payload["channel"]["permissions"]):
        assert not int(bits) & Bit.SEND_MESSAGES
        assert int(bits) & Bit.VIEW_CHANNEL


@pytest.mark.parametrize("flags", [0, HIDDEN])
def test_a_press_comes_with_its_message(bot: Bot, people: People, flags: int) -> None:
    asked = people.run("echo", text="hi")
    bot.answer(asked, 4, {"content": "hello", "flags": flags, "components": [row(button())]})
    message = people.sees(asked)["messages"][0]["id"]
    payload = bot.payload(people.press(message))
    assert payload["type"] == 3
    assert payload["data"] == {"custom_id": "yes", "component_type": 2, "id": 2}
    assert (payload["message"]["id"], payload["message"]["flags"]) == (message, flags)


@pytest.mark.conformance
def test_its_parts_have_the_shapes_of_discords_document(
    guild: Server, bot: Bot, people: People, breaks: Callable[[str, Any], list[str]]
) -> None:
    asked = people.run("echo", text="hi")
    bot.answer(asked, 4, {"content": "hello", "components": [row(button())]})
    pressed = people.press(people.sees(asked)["messages"][0]["id"])
    for payload in (bot.payload(asked), bot.payload(pressed)):
        assert breaks("GuildMemberResponse", payload["member"]) == []
    assert breaks("MessageResponse", bot.payload(pressed)["message"]) == []
    dm = guild.call("POST", "/users/@me/channels", {"recipient_id": ADA}).body["id"]
    body = {"content": "hello", "components": [row(button())]}
    said = guild.call("POST", f"/channels/{dm}/messages", body).body["id"]
    payload = bot.payload(people.press(said))
    assert breaks("UserResponse", payload["user"]) == []
    assert breaks("PrivateChannelResponse", payload["channel"]) == []
