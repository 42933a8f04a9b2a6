"""Registering commands: what is kept, what is refused, and with which text."""

import copy
from typing import Any

import pytest

from tests.discordsync.sandbox.interactions.playing import ECHO, Bot
from tests.discordsync.sandbox.server import GUILD, Server


def command(**changes: Any) -> dict[str, Any]:
    return {"name": "meetings", "description": "My meetings", **changes}


def option(**changes: Any) -> dict[str, Any]:
    return {"type": 3, "name": "week", "description": "Which", **changes}


def names(bot: Bot, where: str | None = None) -> list[str]:
    return [one["name"] for one in bot.guild.call("GET", where or bot.here).body]


@pytest.mark.parametrize("scope", ["here", "everywhere"])
def test_a_command_is_made_changed_and_deleted(guild: Server, scope: str) -> None:
    bot = Bot(guild)
    path = bot.here if scope == "here" else bot.everywhere
    made = guild.call("POST", path, command(default_member_permissions=8))
    assert made.status == 201
    assert made.body["default_member_permissions"] == "8"
    assert made.body.get("guild_id") == (GUILD if scope == "here" else None)
    one = f"{path}/{made.body['id']}"
    changed = guild.call("PATCH", one, {"description": "All my meetings"})
    assert (changed.body["name"], changed.body["description"]) == ("meetings", "All my meetings")
    assert int(changed.body["version"]) > int(made.body["version"])
    assert guild.call("GET", one).body == changed.body
    assert guild.call("DELETE", one).status == 204
    assert guild.call("GET", one).error == (404, 10063)


def test_a_command_of_the_same_name_takes_the_place_of_the_first(guild: Server) -> None:
    bot = Bot(guild)
    first = guild.call("POST", bot.here, command())
    second = guild.call("POST", bot.here, command(description="Other"))
    assert second.status == 200
    assert second.body["id"] == first.body["id"]
    assert names(bot) == ["meetings"]


def test_a_list_replaces_all_and_keeps_the_ids_of_what_stays(guild: Server) -> None:
    bot = Bot(guild)
    bot.register(command(), command(name="stale"))
    before = {one["name"]: one["id"] for one in guild.call("GET", bot.here).body}
    bot.register(command(), ECHO)
    after = {one["name"]: one["id"] for one in guild.call("GET", bot.here).body}
    assert sorted(after) == ["echo", "meetings"]
    assert after["meetings"] == before["meetings"]
    bot.register()
    assert names(bot) == []


def test_the_two_scopes_know_nothing_of_each_other(guild: Server) -> None:
    bot = Bot(guild)
    bot.register(command(), where=bot.everywhere)
    bot.register(command(), ECHO)
    assert names(bot, bot.everywhere) == ["meetings"]
    (everywhere,) = guild.call("GET", bot.everywhere).body
    assert guild.call("GET", f"{bot.here}/{everywhere['id']}").error == (404, 10063)


def test_commands_survive_a_restart(guild: Server) -> None:
    bot = Bot(guild)
    bot.register(ECHO)
    saved = guild.state
    guild.on_server(guild.sandbox.reset)
    guild.on_server(lambda: guild.sandbox.load(saved))
    assert names(bot) == ["echo"]


def nested(kind: int, *options: dict[str, Any]) -> dict[str, Any]:
    return option(type=kind, options=list(options))


@pytest.mark.parametrize(
    ("body", "path", "word"),
    [
        ({"description": "x"}, "name", "BASE_TYPE_REQUIRED"),
        ({"name": "x"}, "description", "BASE_TYPE_REQUIRED"),
        (command(name="My Meetings"), "name", "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="Meetings"), "name", "APPLICATION_COMMAND_INVALID_NAME"),
        (command(name="x" * 33), "name", "BASE_TYPE_BAD_LENGTH"),
        (command(description="x" * 101), "description", "BASE_TYPE_BAD_LENGTH"),
        (command(description=""), "description", "BASE_TYPE_REQUIRED"),
        (command(options=[option()] * 26), "options", "BASE_TYPE_MAX_LENGTH"),
        (command(options=[option(type=12)]), "options.0.type", "BASE_TYPE_CHOICES"),
        (command(options=[option(name="A")]), "options.0.name", "APPLICATION_COMMAND_INVALID_NAME"),
        (
            command(options=[option(), option()]),
            "options.1.name",
            "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
        ),
        (
            command(options=[option(), option(name="b", required=True)]),
            "options",
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            command(options=[nested(1), option(name="b")]),
            "options",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(options=[nested(2, option())]),
            "options.0.options",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(options=[nested(1, nested(1))]),
            "options.0.options",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(options=[option(choices=[{"name": "x", "value": "x"}], autocomplete=True)]),
            "options.0.autocomplete",
            "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
        ),
        (
            command(options=[option(choices=[{"name": "x", "value": 1}])]),
            "options.0.choices.0.value",
            "BASE_TYPE_BAD_TYPE",
        ),
        (
            command(options=[option(choices=[{"name": "x", "value": "x"}] * 26)]),
            "options.0.choices",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            command(options=[option(type=5, autocomplete=True)]),
            "options.0.choices",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            command(options=[option(min_value=1)]),
            "options.0.min_value",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (command(default_member_permissions=-1), "default_member_permissions", "NUMBER_TYPE_MIN"),
        (command(contexts=[3]), "contexts.0", "BASE_TYPE_CHOICES"),
    ],
)
def test_a_command_that_breaks_a_rule_is_refused(
    guild: Server, body: dict[str, Any], path: str, word: str
) -> None:
    bot = Bot(guild)
    for method, sent, at in (("POST", body, path), ("PUT", [body], f"0.{path}")):
        refused = guild.call(method, bot.here, sent)
        assert refused.error == (400, 50035)
        node = refused.body["errors"]
        for step in at.split("."):
            node = node[step]
        assert node["_errors"][0]["code"] == word
    assert names(bot) == []


def test_a_command_of_more_than_8000_characters_is_too_large(guild: Server) -> None:
    choices = [{"name": f"{n:>02}" + "x" * 90, "value": "y" * 90} for n in range(25)]
    options = [option(name=f"o{n}", choices=choices) for n in range(2)]
    refused = guild.call("POST", Bot(guild).here, command(options=options))
    assert refused.error == (400, 50035)
    assert refused.body["errors"]["_errors"][0]["code"] == "APPLICATION_COMMAND_TOO_LARGE"


def test_names_are_unique_in_a_list_and_after_a_change(guild: Server) -> None:
    bot = Bot(guild)
    assert guild.call("PUT", bot.here, [command(), command()]).error == (400, 50035)
    bot.register(command(), ECHO)
    echo = guild.call("GET", bot.here).body[1]
    refused = guild.call("PATCH", f"{bot.here}/{echo['id']}", {"name": "meetings"})
    assert refused.error == (400, 50035)


def test_a_hundred_commands_are_the_most(guild: Server) -> None:
    bot = Bot(guild)
    hundred = [command(name=f"c{number}") for number in range(100)]
    bot.register(*hundred)
    assert guild.call("POST", bot.here, command()).error == (400, 30032)
    assert guild.call("PUT", bot.here, [*hundred, command()]).error == (400, 30032)


def test_two_hundred_new_commands_a_day_are_the_most(guild: Server) -> None:
    bot = Bot(guild)
    for batch in range(2):
        bot.register(*(command(name=f"c{batch}-{number}") for number in range(100)))
    assert guild.call("PUT", bot.here, [command()]).error == (400, 30034)
    bot.register(*(command(name=f"c1-{number}", description="y") for number in range(100)))
    guild.pass_time(days=1, seconds=1)
    bot.register(command())


def test_only_the_own_application_and_guild_are_served(guild: Server) -> None:
    foreign = GUILD.replace("1", "2", 1)
    path = f"/applications/{foreign}/guilds/{GUILD}/commands"
    assert guild.call("GET", path).error == (403, 20012)
    assert guild.call("GET", f"{Bot(guild).application}/guilds/{foreign}/commands").error == (
        403,
        50001,
    )


@pytest.mark.parametrize(("method", "body"), [("PUT", {"name": "x"}), ("POST", [command()])])
def test_a_list_where_a_command_belongs_is_refused(guild: Server, method: str, body: Any) -> None:
    assert guild.call(method, Bot(guild).here, body).error == (400, 50035)


def test_commands_that_are_not_typed_are_not_served(guild: Server) -> None:
    assert guild.call("POST", Bot(guild).here, {"name": "Greet", "type": 2}).status == 501


def test_localizations_are_shown_when_asked_for(guild: Server) -> None:
    bot = Bot(guild)
    bot.register(command(name_localizations={"de": "treffen"}))
    (plain,) = guild.call("GET", bot.here).body
    (localized,) = guild.call("GET", bot.here, query={"with_localizations": "true"}).body
    assert "name_localizations" not in plain
    assert localized["name_localizations"] == {"de": "treffen"}


def test_what_was_sent_is_what_is_kept(guild: Server) -> None:
    sent = command(
        options=[
            nested(
                2,
                nested(
                    1,
                    option(type=4, min_value=1, max_value=8, required=True),
                    option(name="mode", choices=[{"name": "All", "value": "all"}]),
                ),
            )
        ]
    )
    kept = guild.call("POST", Bot(guild).here, copy.deepcopy(sent)).body
    assert kept["options"] == sent["options"]
