"""Buttons and menus under messages, by Discord's rules."""

from typing import Any

import pytest

from tests.discordsync.sandbox.interactions.playing import Bot, button, menu, row
from tests.discordsync.sandbox.server import Reply

LINK = {"type": 2, "style": 5, "label": "Look", "url": "https://example.org/"}


def send(bot: Bot, channel: str, *components: dict[str, Any]) -> Reply:
    body = {"content": "hello", "components": list(components)}
    return bot.guild.call("POST", f"/channels/{channel}/messages", body)


def test_what_was_sent_is_shown_with_numbers(bot: Bot, channel: str) -> None:
    shown = send(bot, channel, row(button(), LINK), row(menu("a", "b"))).body["components"]
    first, second = shown
    assert [part["id"] for part in (first, *first["components"], second)] == [1, 2, 3, 4]
    assert first["components"][1]["url"] == "https://example.org/"
    assert second["components"][0]["min_values"] == 1


@pytest.mark.parametrize(
    ("components", "path", "word"),
    [
        ([row(button())] * 6, "components", "BASE_TYPE_MAX_LENGTH"),
        (
            [row(*(button(f"b{n}") for n in range(6)))],
            "components.0.components",
            "BASE_TYPE_MAX_LENGTH",
        ),
        ([row()], "components.0", "BASE_TYPE_BAD_LENGTH"),
        (
            [row(button(), button())],
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            [row(button()), row(button())],
            "components.1.components.0.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            [row(button("x" * 101))],
            "components.0.components.0.custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [row(button(label="x" * 81))],
            "components.0.components.0.label",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            [row(button(label=""))],
            "components.0.components.0.label",
            "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
        ),
        ([row(button(style=7))], "components.0.components.0.style", "BASE_TYPE_CHOICES"),
        ([row({**LINK, "url": None})], "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
        (
            [row({**LINK, "custom_id": "x"})],
            "components.0.components.0.custom_id",
            "BUTTON_COMPONENT_CUSTOM_ID_AND_URL",
        ),
        (
            [row({"type": 2, "style": 1, "label": "x"})],
            "components.0.components.0.custom_id",
            "BASE_TYPE_REQUIRED",
        ),
        (
            [row(menu(*map(str, range(26))))],
            "components.0.components.0.options",
            "BASE_TYPE_MAX_LENGTH",
        ),
        ([row(menu())], "components.0.components.0.options", "BASE_TYPE_BAD_LENGTH"),
        (
            [row(menu("a", "a"))],
            "components.0.components.0.options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            [row(menu("a", max_values=2))],
            "components.0.components.0.max_values",
            "NUMBER_TYPE_MAX",
        ),
        (
            [row(menu("a"), button())],
            "components.0.components.1",
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused(
    bot: Bot, channel: str, components: list[Any], path: str, word: str
) -> None:
    refused = send(bot, channel, *components)
    assert refused.error == (400, 50035)
    node = refused.body["errors"]
    for step in path.split("."):
        node = node[step]
    assert node["_errors"][0]["code"] == word


@pytest.mark.parametrize(
    "component", [button(), row({"type": 5, "custom_id": "x"}), {"type": 17, "components": []}]
)
def test_what_is_not_served_is_no_success(
    bot: Bot, channel: str, component: dict[str, Any]
) -> None:
    assert send(bot, channel, component).status == 501


def test_components_are_changed_and_taken_away(bot: Bot, channel: str) -> None:
    message = send(bot, channel, row(button())).body["id"]
    path = f"/channels/{channel}/messages/{message}"
    changed = bot.guild.call("PATCH", path, {"components": [row(button("no"))]}).body
    assert changed["components"][0]["components"][0]["custom_id"] == "no"
    assert changed["content"] == "hello"
    assert bot.guild.call("PATCH", path, {"components": []}).body["components"] == []


def test_a_message_of_the_bots_own_is_never_ephemeral(bot: Bot, channel: str) -> None:
    body = {"content": "hello", "flags": 64 | 4096}
    assert bot.guild.call("POST", f"/channels/{channel}/messages", body).body["flags"] == 4096


def test_an_emoji_alone_is_enough(bot: Bot, channel: str) -> None:
    thumb = {"type": 2, "style": 1, "custom_id": "up", "emoji": {"name": "\N{THUMBS UP SIGN}"}}
    assert send(bot, channel, row(thumb)).status == 200
