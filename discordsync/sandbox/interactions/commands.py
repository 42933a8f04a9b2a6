"""Registration of application commands, globally or for the guild only.

A command with an existing name replaces that one and keeps its id; a list replaces all commands.
"""

import copy
from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.errors import form_error, refuse, unsupported
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import command_checks as checks

IN_SCOPE = 100
CREATED_A_DAY = 200
IN_LIST = 130


def list_commands(guild: Guild, call: Call) -> Answer:
    localized = call.flag("with_localizations")
    return 200, [serialize(guild, held, localized=localized) for held in in_scope(guild, call)]


def get_command(guild: Guild, call: Call) -> Answer:
    return 200, serialize(guild, find(guild, call), localized=True)


def create_command(guild: Guild, call: Call) -> Answer:
    scope = scope_of(guild, call)
    given = read(call.body)
    twin = named(guild, scope, given["name"])
    if twin is None:
        make_room(guild, scope, [given])
    return 200 if twin else 201, serialize(guild, store(guild, scope, given, twin), localized=True)


def edit_command(guild: Guild, call: Call) -> Answer:
    command = find(guild, call)
    given = read(call.body, required=())
    twin = named(guild, command["guild_id"], given.get("name", command["name"]))
    if twin is not None and twin["id"] != command["id"]:
        raise duplicate("name")
    guild.state["commands"][command["id"]] = changed = {
        **command,
        **given,
        "version": guild.new_id(),
    }
    return 200, serialize(guild, changed, localized=True)


def delete_command(guild: Guild, call: Call) -> Answer:
    del guild.state["commands"][find(guild, call)["id"]]
    return 204, None


def replace_commands(guild: Guild, call: Call) -> Answer:
    """Replace all commands by a list; those with an existing name keep their ids."""
    scope = scope_of(guild, call)
    given = [read(one, at=f"{index}.") for index, one in enumerate(call.listing or [])]
    names = [one["name"] for one in given]
    for index, wanted in enumerate(names):
        if wanted in names[:index]:
            raise duplicate(f"{index}.name")
    if len(given) > IN_SCOPE:
        raise refuse("too_many_commands")
    held = {command["name"]: command for command in in_scope(guild, call)}
    count_new(guild, scope, sum(wanted not in held for wanted in names))
    for name in held.keys() - set(names):
        del guild.state["commands"][held[name]["id"]]
    kept = [store(guild, scope, one, held.get(one["name"])) for one in given]
    return 200, [serialize(guild, command, localized=True) for command in kept]


def read(
    body: Any, *, required: tuple[str, ...] = ("name", "description"), at: str = ""
) -> dict[str, Any]:
    """Return one command's fields as they are stored; errors are reported at `at`."""
    try:
        fields.record(body)
    except fields.FieldError as wrong:
        raise form_error({at.rstrip("."): (wrong.code, wrong.message)}) from None
    if body.get("type") not in (None, checks.CHAT_INPUT):
        raise unsupported("commands other than slash commands")
    given = fields.read_body(body, checks.COMMAND, required=required, at=at)
    try:
        checks.check_size(given)
    except fields.FieldError as wrong:
        raise form_error({at.rstrip("."): (wrong.code, wrong.message)}) from None
    given.pop("id", None)
    bits = given.get("default_member_permissions")
    if bits is not None:
        given["default_member_permissions"] = str(bits)
    return given


def store(
    guild: Guild, scope: str | None, given: Mapping[str, Any], twin: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Store a command; it replaces its twin."""
    command = {
        "type": checks.CHAT_INPUT,
        "default_member_permissions": None,
        "name_localizations": None,
        "description_localizations": None,
        "contexts": None,
        "dm_permission": True,
        **{name: value for name, value in given.items() if name != "type"},
        "options": given.get("options") or [],
        "nsfw": bool(given.get("nsfw")),
        "integration_types": given.get("integration_types") or [0],
        "id": twin["id"] if twin else guild.new_id(),
        "version": guild.new_id(),
        "guild_id": scope,
    }
    guild.state["commands"][command["id"]] = command
    return command


def make_room(guild: Guild, scope: str | None, given: list[dict[str, Any]]) -> None:
    held = [c for c in guild.state["commands"].values() if c["guild_id"] == scope]
    if len(held) + len(given) > IN_SCOPE:
        raise refuse("too_many_commands")
    count_new(guild, scope, len(given))


def count_new(guild: Guild, scope: str | None, new: int) -> None:
    """Count new commands, 200 a day in each scope; changed ones do not count."""
    since = guild.ago(days=1)
    counted = [one for one in guild.state["commands_made"] if one["at"] > since]
    if sum(one["guild_id"] == scope for one in counted) + new > CREATED_A_DAY:
        raise refuse("too_many_commands_a_day")
    made = {"guild_id": scope, "at": guild.timestamp()}
    guild.state["commands_made"] = [*counted, *(dict(made) for _ in range(new))]


def scope_of(guild: Guild, call: Call) -> str | None:
    """Return the guild of the path, None for global; the application must be the caller's own."""
    if call.ids["application_id"] != guild.state["application_id"]:
        raise refuse("wrong_application")
    guild_id = call.ids.get("guild_id")
    if guild_id and not guild.setting("commands_scope"):
        raise refuse("missing_access")
    return guild_id


def in_scope(guild: Guild, call: Call) -> list[dict[str, Any]]:
    scope = scope_of(guild, call)
    return [c for c in guild.state["commands"].values() if c["guild_id"] == scope]


def named(guild: Guild, scope: str | None, name: str) -> dict[str, Any] | None:
    for command in guild.state["commands"].values():
        if (command["guild_id"], command["name"]) == (scope, name):
            found: dict[str, Any] = command
            return found
    return None


def find(guild: Guild, call: Call) -> dict[str, Any]:
    scope = scope_of(guild, call)
    command: dict[str, Any] | None = guild.state["commands"].get(call.ids["command_id"])
    if command is None or command["guild_id"] != scope:
        raise refuse("unknown_command")
    return command


def duplicate(path: str) -> Exception:
    word = "APPLICATION_COMMANDS_DUPLICATE_NAME"
    return form_error({path: (word, "Application command names must be unique")})


def serialize(guild: Guild, command: Mapping[str, Any], *, localized: bool) -> dict[str, Any]:
    """Return the command in Discord's format; unset fields are left out."""
    shown = {
        **copy.deepcopy(dict(command)),
        "application_id": guild.state["application_id"],
        "options": [serialize_option(option) for option in command["options"]],
    }
    if command["guild_id"] is None:
        del shown["guild_id"]
    else:
        del shown["dm_permission"], shown["contexts"]
    if not localized:
        del shown["name_localizations"], shown["description_localizations"]
    return shown


def serialize_option(option: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in option.items() if value is not None}
    if option["options"] or option["type"] in checks.NESTING:
        shown["options"] = [serialize_option(inner) for inner in option["options"]]
    else:
        del shown["options"]
    return shown


EVERYWHERE = "/applications/{application_id}/commands"
HERE = "/applications/{application_id}/guilds/{guild_id}/commands"
ROUTES: list[Route] = [
    route
    for scope in (EVERYWHERE, HERE)
    for route in (
        ("GET", scope, list_commands),
        ("POST", scope, create_command),
        ("PUT", scope, replace_commands),
        ("GET", scope + "/{command_id}", get_command),
        ("PATCH", scope + "/{command_id}", edit_command),
        ("DELETE", scope + "/{command_id}", delete_command),
    )
]
