"""Validate application commands by Discord's rules.

command      name, description, at most 25 options; at most 8,000 characters in total
options      unique names, required ones first; either all subcommands and groups or none
group        contains subcommands only; a subcommand contains options only
choices      at most 25, for text and numbers; never together with autocompletion
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.fields import FieldError

CHAT_INPUT = 1
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
NESTING = (SUBCOMMAND, GROUP)
CHOOSABLE = (STRING, INTEGER, NUMBER)
IN_COMMAND = 8000
OPTIONS = 25
CHOICES = 25
BITS = 2**54 - 1


def name(value: Any) -> str:
    """Check a name: letters, digits, dashes, underscores and apostrophes, in lower case."""
    given: str = fields.text(1, 32)(value)
    if not re.fullmatch(r"[-'\w]{1,32}", given) or given != given.lower():
        raise FieldError("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return given


LOCALIZATIONS = fields.nullable(fields.record)


def choice(value: Any) -> dict[str, Any]:
    checks = {"name": fields.text(1, 100), "name_localizations": LOCALIZATIONS, "value": choosable}
    return dict(fields.shape(checks, required=("name", "value"))(value))


def choosable(value: Any) -> Any:
    """Check a choice's value: a number, or at most 100 characters."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return fields.text(1, 100)(value)


def option(value: Any) -> dict[str, Any]:
    """Check one option and those inside it."""
    given: dict[str, Any] = OPTION(value)
    given["options"] = fields.within("options", siblings, given.get("options") or [])
    kind = given["type"]
    if kind == GROUP and any(inner["type"] != SUBCOMMAND for inner in given["options"]):
        raise invalid_type("A group holds subcommands only", "options")
    if kind == SUBCOMMAND and any(inner["type"] in NESTING for inner in given["options"]):
        raise invalid_type("A subcommand holds no subcommands", "options")
    if kind not in NESTING and given["options"]:
        raise invalid_type("Only subcommands and groups hold options", "options")
    check_choices(given)
    check_range(given)
    return given


def check_choices(given: Mapping[str, Any]) -> None:
    if not given.get("choices") and not given.get("autocomplete"):
        return
    if given["type"] not in CHOOSABLE:
        raise invalid_type("This type of option has no choices", "choices")
    if given.get("choices") and given.get("autocomplete"):
        raise FieldError(
            "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
            "Choices and autocomplete are mutually exclusive",
            "autocomplete",
        )
    for index, chosen in enumerate(given.get("choices") or []):
        if not fits(given["type"], chosen["value"]):
            raise FieldError("BASE_TYPE_BAD_TYPE", "Wrong type of value.", f"choices.{index}.value")


def fits(kind: int, value: Any) -> bool:
    """Return whether this is a value for an option of that type."""
    if kind == STRING:
        return isinstance(value, str)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (kind == NUMBER and isinstance(value, float))


def check_range(given: Mapping[str, Any]) -> None:
    for pair, kinds in (
        (("min_value", "max_value"), (INTEGER, NUMBER)),
        (("min_length", "max_length"), (STRING,)),
    ):
        low, high = (given.get(end) for end in pair)
        if (low is not None or high is not None) and given["type"] not in kinds:
            raise invalid_type("This type of option has no such limits", pair[0])
        if low is not None and high is not None and low > high:
            raise FieldError("NUMBER_TYPE_MAX", f"{pair[0]} is above {pair[1]}.", pair[0])


def siblings(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check options on the same level."""
    names = [each["name"] for each in given]
    for index, each in enumerate(given):
        if each["name"] in names[:index]:
            word = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
            raise FieldError(word, "Option name already exists in the command", f"{index}.name")
    if len({each["type"] in NESTING for each in given}) > 1:
        sentence = "Subcommands and groups exclude every other type of option"
        raise invalid_type(sentence)
    required = [bool(each.get("required")) for each in given]
    if required != sorted(required, reverse=True):
        word = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
        raise FieldError(word, "Required options must be placed before non-required options")
    return given


def invalid_type(sentence: str, path: str = "") -> FieldError:
    return FieldError("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", sentence, path)


def options(value: Any) -> list[dict[str, Any]]:
    listed = fields.listed(option, OPTIONS)(value)
    return siblings(listed)


OPTION = fields.shape(
    {
        "type": fields.choice(*range(1, 12)),
        "name": name,
        "name_localizations": LOCALIZATIONS,
        "description": fields.text(1, 100),
        "description_localizations": LOCALIZATIONS,
        "required": fields.nullable(fields.flag),
        "choices": fields.nullable(fields.listed(choice, CHOICES)),
        "options": fields.nullable(fields.listed(option, OPTIONS)),
        "channel_types": fields.nullable(fields.listed(fields.whole(0, 20), 20)),
        "min_value": fields.nullable(fields.amount(-(2**53), 2**53)),
        "max_value": fields.nullable(fields.amount(-(2**53), 2**53)),
        "min_length": fields.nullable(fields.whole(0, 6000)),
        "max_length": fields.nullable(fields.whole(1, 6000)),
        "autocomplete": fields.nullable(fields.flag),
    },
    required=("type", "name", "description"),
)
COMMAND: dict[str, fields.Check] = {
    "id": fields.nullable(fields.snowflake),
    "type": fields.nullable(fields.choice(1, 2, 3, 4)),
    "name": name,
    "name_localizations": LOCALIZATIONS,
    "description": fields.text(1, 100),
    "description_localizations": LOCALIZATIONS,
    "options": fields.nullable(options),
    "default_member_permissions": fields.nullable(fields.whole(0, BITS)),
    "dm_permission": fields.nullable(fields.flag),
    "contexts": fields.nullable(fields.listed(fields.choice(0, 1, 2), 3)),
    "integration_types": fields.nullable(fields.listed(fields.choice(0, 1), 2)),
    "nsfw": fields.nullable(fields.flag),
}


def check_size(command: Mapping[str, Any]) -> None:
    if sum(len(text) for text in texts(command)) > IN_COMMAND:
        word = "APPLICATION_COMMAND_TOO_LARGE"
        raise FieldError(word, f"Command exceeds maximum size ({IN_COMMAND})")


def texts(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield every name, description and value of a command; their total length is limited."""
    yield from (node.get(key) or "" for key in ("name", "description"))
    if isinstance(node.get("value"), str):
        yield node["value"]
    for inner in [*(node.get("options") or []), *(node.get("choices") or [])]:
        yield from texts(inner)
