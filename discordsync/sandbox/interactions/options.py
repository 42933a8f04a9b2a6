"""The options that a person typed for a command, as they are sent to the bot.

Raises ValueError with a sentence if Discord's own client would not send the command.
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions.command_checks import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    INTEGER,
    MENTIONABLE,
    NESTING,
    NUMBER,
    ROLE,
    STRING,
    USER,
    fits,
)
from discordsync.sandbox.interactions.payloads import partial_channel
from discordsync.sandbox.members import members, roles

Options = list[dict[str, Any]]


def descend(command: Mapping[str, Any], path: list[str]) -> tuple[Options, list[dict[str, Any]]]:
    """Return the options at the end of "group subcommand", and those steps as they are sent."""
    options: Options = command["options"]
    steps: list[dict[str, Any]] = []
    for name in path:
        step = next((o for o in options if o["name"] == name and o["type"] in NESTING), None)
        if step is None:
            raise ValueError(f"{command['name']} has no subcommand {name}.")
        steps.append({"name": name, "type": step["type"]})
        options = step["options"]
    if any(option["type"] in NESTING for option in options):
        names = ", ".join(option["name"] for option in options)
        raise ValueError(f"{command['name']} needs one of the subcommands {names}.")
    return options, steps


def nest(steps: list[dict[str, Any]], given: Options) -> Options:
    """Wrap the options in the subcommand that they belong to."""
    for step in reversed(steps):
        given = [{**step, "options": given}]
    return given


def read_options(
    options: Options, given: Mapping[str, Any], *, focus: str | None = None
) -> Options:
    """Return the values in the command's order; while one is typed, others may be missing."""
    known = {option["name"] for option in options}
    for name in [*given, *([focus] if focus else [])]:
        if name not in known:
            raise ValueError(f"There is no option {name}. Options: {', '.join(sorted(known))}.")
    if focus is None:
        for option in options:
            if option.get("required") and option["name"] not in given:
                raise ValueError(f"The option {option['name']} is required.")
    return [
        read_option(option, given[option["name"]], focused=option["name"] == focus)
        for option in options
        if option["name"] in given
    ]


def read_option(option: Mapping[str, Any], value: Any, *, focused: bool) -> dict[str, Any]:
    sent = {"name": option["name"], "type": option["type"], "value": value}
    if focused:
        if not option.get("autocomplete"):
            raise ValueError(f"The option {option['name']} has no autocomplete.")
        return sent | {"value": str(value), "focused": True}
    check_kind(option, value)
    check_limits(option, value)
    return sent


def check_kind(option: Mapping[str, Any], value: Any) -> None:
    kind, name = option["type"], option["name"]
    if kind in (STRING, INTEGER, NUMBER):
        right = fits(kind, value)
    elif kind == BOOLEAN:
        right = isinstance(value, bool)
    elif kind == ATTACHMENT:
        raise ValueError("The sandbox does not support attachments.")
    else:
        right = isinstance(value, str) and value.isdecimal()
    if not right:
        raise ValueError(f"{value!r} does not fit the option {name} (type {kind}).")
    choices = option.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise ValueError(f"{value!r} is not one of the choices of {name}.")


def check_limits(option: Mapping[str, Any], value: Any) -> None:
    size = len(value) if isinstance(value, str) else value
    kind = "length" if isinstance(value, str) else "value"
    low, high = option.get(f"min_{kind}"), option.get(f"max_{kind}")
    if (low is not None and size < low) or (high is not None and size > high):
        raise ValueError(f"{value!r} is outside the limits of {option['name']}.")
    if option["type"] == STRING and len(value) > (high or 6000):
        raise ValueError(f"{option['name']} is too long.")


def resolve(guild: Guild, user_id: str, given: Options) -> dict[str, Any]:
    """Return the people, roles and channels in the options, by kind and id, without empty kinds."""
    resolved: dict[str, dict[str, Any]] = {"users": {}, "members": {}, "roles": {}, "channels": {}}
    for option in given:
        resolve_one(guild, user_id, option, resolved)
    return {kind: found for kind, found in resolved.items() if found}


def resolve_one(
    guild: Guild, user_id: str, option: Mapping[str, Any], resolved: dict[str, dict[str, Any]]
) -> None:
    kind, target = option["type"], option["value"]
    if kind not in (USER, ROLE, CHANNEL, MENTIONABLE):
        return
    state = guild.state
    if kind in (USER, MENTIONABLE) and target in state["users"]:
        resolved["users"][target] = members.serialize_user(guild, target)
        if target in state["members"]:
            member = members.serialize(guild, target) | {
                "permissions": str(guild.guild_bits(target))
            }
            left_out = ("user", "deaf", "mute")
            resolved["members"][target] = {k: v for k, v in member.items() if k not in left_out}
    elif kind in (ROLE, MENTIONABLE) and target in state["roles"]:
        resolved["roles"][target] = roles.serialize(state["roles"][target])
    elif kind == CHANNEL and target in state["channels"]:
        resolved["channels"][target] = partial_channel(guild, user_id, target)
    else:
        raise ValueError(f"There is no {target} for the option {option['name']}.")
