"""Who is offered which command where, and what may be typed."""

from typing import Any

import pytest

from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.interactions.playing import ECHO, Bot, People
from tests.discordsync.sandbox.server import ADA, BEN, CLEO, GUILD, Server


def make_administrator(guild: Server, person: str) -> None:
    role = guild.make("role", name="Staff", permissions=str(int(Bit.ADMINISTRATOR)))
    guild.control("grant", {"member": person, "role": role})


@pytest.mark.parametrize("needed", [str(int(Bit.ADMINISTRATOR)), str(int(Bit.MANAGE_GUILD)), "0"])
def test_a_command_for_administrators_is_offered_to_them_only(
    guild: Server, bot: Bot, people: People, needed: str
) -> None:
    bot.register({**ECHO, "default_member_permissions": needed})
    with pytest.raises(ValueError, match="not available"):
        people.run("echo", text="hi")
    make_administrator(guild, ADA)
    asked = people.run("echo", text="hi")
    member = bot.payload(asked)["member"]
    assert int(member["permissions"]) & Bit.ADMINISTRATOR


def test_who_may_use_no_commands_is_offered_none(guild: Server, bot: Bot, people: People) -> None:
    guild.set(everyone_permissions=int(Bit.VIEW_CHANNEL | Bit.SEND_MESSAGES))
    with pytest.raises(ValueError, match="cannot see a channel"):
        people.run("echo", text="hi")
    with pytest.raises(ValueError, match="not available"):
        people.play(
            user=ADA, command="echo", options={"text": "hi"}, channel_id=first_channel(guild)
        )


def first_channel(guild: Server) -> str:
    return str(next(iter(guild.state["channels"])))


def test_a_channel_that_is_hidden_from_someone_offers_nothing(
    guild: Server, bot: Bot, people: People, channel: str
) -> None:
    hidden = [{"id": BEN, "type": 1, "deny": str(int(Bit.VIEW_CHANNEL))}]
    change = {"permission_overwrites": hidden}
    guild.control("edit", {"kind": "channel", "id": channel, "fields": change})
    with pytest.raises(ValueError, match="not available"):
        people.play(user=BEN, command="echo", options={"text": "hi"}, channel_id=channel)
    people.play(user=ADA, command="echo", options={"text": "hi"}, channel_id=channel)


def test_who_is_not_in_the_guild_is_offered_nothing(
    guild: Server, bot: Bot, people: People
) -> None:
    guild.control("leave", {"id": CLEO})
    with pytest.raises(ValueError, match="not in the guild"):
        people.run("echo", user=CLEO, text="hi")


@pytest.mark.parametrize(
    ("where", "changes", "offered"),
    [
        ("here", {}, False),
        ("everywhere", {}, True),
        ("everywhere", {"contexts": [0]}, False),
        ("everywhere", {"contexts": [1]}, True),
        ("everywhere", {"dm_permission": False}, False),
    ],
)
def test_direct_messages_offer_what_is_meant_for_them(
    guild: Server, people: People, where: str, changes: dict[str, Any], offered: bool
) -> None:
    bot = Bot(guild)
    bot.register({**ECHO, **changes}, where=bot.here if where == "here" else bot.everywhere)
    dm = guild.call("POST", "/users/@me/channels", {"recipient_id": ADA}).body["id"]
    wish = {"user": ADA, "command": "echo", "options": {"text": "hi"}, "channel_id": dm}
    if offered:
        assert bot.payload(people.play(**wish))["user"]["id"] == ADA
    else:
        with pytest.raises(ValueError, match="not available"):
            people.play(**wish)


def test_a_command_for_direct_messages_is_not_offered_in_the_guild(
    guild: Server, people: People, channel: str
) -> None:
    bot = Bot(guild)
    bot.register({**ECHO, "contexts": [1]}, where=bot.everywhere)
    with pytest.raises(ValueError, match="not available"):
        people.run("echo", text="hi")


OPTIONS = [
    {"type": 4, "name": "week", "description": "x", "min_value": 1, "max_value": 8},
    {"type": 6, "name": "who", "description": "x"},
    {"type": 7, "name": "where", "description": "x"},
    {"type": 8, "name": "as", "description": "x"},
    {"type": 5, "name": "loud", "description": "x"},
    {"type": 3, "name": "how", "description": "x", "choices": [{"name": "Well", "value": "well"}]},
    {"type": 3, "name": "short", "description": "x", "max_length": 3},
]
MANY = {
    "name": "many",
    "description": "x",
    "options": [
        {
            "type": 2,
            "name": "group",
            "description": "x",
            "options": [{"type": 1, "name": "show", "description": "x", "options": OPTIONS}],
        }
    ],
}


def test_what_was_typed_is_sent_with_what_it_names(
    guild: Server, people: People, channel: str
) -> None:
    bot = Bot(guild)
    bot.register(MANY)
    role = guild.make("role", name="Group 1")
    typed = {"week": 2, "who": BEN, "where": channel, "as": role, "loud": True, "how": "well"}
    data = bot.payload(people.run("many group show", **typed))["data"]
    (group,) = data["options"]
    (show,) = group["options"]
    assert [(group["name"], group["type"]), (show["name"], show["type"])] == [
        ("group", 2),
        ("show", 1),
    ]
    assert {option["name"]: option["value"] for option in show["options"]} == typed
    assert data["guild_id"] == GUILD
    resolved = data["resolved"]
    assert resolved["users"][BEN]["username"] == "ben"
    assert "user" not in resolved["members"][BEN]
    assert resolved["roles"][role]["name"] == "Group 1"
    assert resolved["channels"][channel]["name"] == "general"


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("echo", {}, "text is required"),
        ("echo", {"words": "hi"}, "no option words"),
        ("echo", {"text": 5}, "does not fit"),
        ("silence", {}, "not available"),
        ("many", {}, "needs one of the subcommands group"),
        ("many group", {}, "needs one of the subcommands show"),
        ("many show", {}, "no subcommand show"),
        ("many group show", {"week": "two"}, "does not fit"),
        ("many group show", {"week": 9}, "outside the limits"),
        ("many group show", {"how": "badly"}, "not one of the choices"),
        ("many group show", {"short": "long"}, "outside the limits"),
        ("many group show", {"loud": "yes"}, "does not fit"),
        ("many group show", {"who": "999"}, "There is no 999"),
    ],
)
def test_what_discords_client_would_not_send_is_explained_in_a_sentence(
    bot: Bot, people: People, command: str, options: dict[str, Any], sentence: str
) -> None:
    bot.register(ECHO, MANY)
    with pytest.raises(ValueError, match=sentence):
        people.run(command, **options)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"user": ADA},
        {"user": "ada", "command": "echo"},
        {"user": ADA, "press": "yes"},
        {"user": ADA, "press": "yes", "message_id": CLEO},
        {"again": CLEO},
        {"user": ADA, "submit": CLEO, "values": {}},
        {"user": ADA, "command": "echo", "focus": "nothing"},
        {"user": ADA, "command": "/", "options": {}},
        "echo",
    ],
)
def test_a_wish_that_is_none_changes_nothing(
    guild: Server, bot: Bot, people: People, wish: Any
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        guild.control("interactions", wish)
    assert guild.state["interactions"] == {}
