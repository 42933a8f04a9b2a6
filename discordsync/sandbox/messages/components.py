"""Buttons and menus under a message, by Discord's rules.

message      at most 5 rows; no duplicate custom_id
row          at most 5 buttons, or one menu
button       a label of at most 80 characters or an emoji; a custom_id of at most 100 characters,
             or a URL instead if it is a link
menu         1 to 25 options, each with a label and a unique value of at most 100 characters
"""

from collections.abc import Iterator, Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.errors import unsupported
from discordsync.sandbox.fields import FieldError

ROW, BUTTON, MENU = 1, 2, 3
LINK, PREMIUM = 5, 6
ROWS = 5
IN_ROW = 5
OPTIONS = 25

DUPLICATED = ("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")

EMOJI = fields.shape(
    {
        "id": fields.nullable(fields.snowflake),
        "name": fields.text(1, 32),
        "animated": fields.nullable(fields.flag),
    },
    required=("name",),
)
BUTTON_SHAPE = fields.shape(
    {
        "type": fields.whole(),
        "style": fields.choice(1, 2, 3, 4, LINK, PREMIUM),
        "label": fields.nullable(fields.text(0, 80)),
        "emoji": fields.nullable(EMOJI),
        "custom_id": fields.nullable(fields.text(1, 100)),
        "url": fields.nullable(fields.text(1, 512)),
        "disabled": fields.nullable(fields.flag),
    },
    required=("type", "style"),
)
OPTION_SHAPE = fields.shape(
    {
        "label": fields.text(1, 100),
        "value": fields.text(1, 100),
        "description": fields.nullable(fields.text(0, 100)),
        "emoji": fields.nullable(EMOJI),
        "default": fields.nullable(fields.flag),
    },
    required=("label", "value"),
)
MENU_SHAPE = fields.shape(
    {
        "type": fields.whole(),
        "custom_id": fields.text(1, 100),
        "options": fields.listed(OPTION_SHAPE, OPTIONS),
        "placeholder": fields.nullable(fields.text(0, 150)),
        "min_values": fields.nullable(fields.whole(0, OPTIONS)),
        "max_values": fields.nullable(fields.whole(1, OPTIONS)),
        "disabled": fields.nullable(fields.flag),
    },
    required=("type", "custom_id", "options"),
)


def read_components(value: Any) -> list[dict[str, Any]]:
    """Return the rows as they are stored, each part with its own number as `id`."""
    rows = fields.listed(read_row, ROWS)(value or [])
    seen: set[str] = set()
    for place, part in inside(rows):
        if part.get("custom_id") in seen:
            raise FieldError(*DUPLICATED, f"{place}.custom_id")
        seen.update(filter(None, [part.get("custom_id")]))
    for number, part in enumerate(each for row in rows for each in (row, *row["components"])):
        part["id"] = number + 1
    return rows


def inside(rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each button and menu with its position as a dotted path."""
    for number, row in enumerate(rows):
        for index, part in enumerate(row["components"]):
            yield f"{number}.components.{index}", part


def read_row(value: Any) -> dict[str, Any]:
    given = fields.record(value)
    if given.get("type") != ROW:
        raise unsupported("components outside action rows")
    parts = fields.within("components", fields.listed(read_part, IN_ROW), given.get("components"))
    if not parts:
        raise fields.bad_length(1, IN_ROW)
    if len(parts) > 1 and any(part["type"] == MENU for part in parts):
        word = "COMPONENT_LAYOUT_WIDTH_EXCEEDED"
        raise FieldError(word, "The specified component exceeds the maximum width", "components.1")
    return {"type": ROW, "components": parts}


def read_part(value: Any) -> dict[str, Any]:
    kind = fields.record(value).get("type")
    if kind == BUTTON:
        return read_button(value)
    if kind == MENU:
        return read_menu(value)
    raise unsupported(f"components of type {kind} in messages")


def read_button(value: Any) -> dict[str, Any]:
    given = without_nothing(BUTTON_SHAPE(value))
    if given["style"] == PREMIUM:
        raise unsupported("premium buttons")
    if not given.get("label") and not given.get("emoji"):
        word = "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED"
        raise FieldError(word, "A button must have a label or an emoji", "label")
    needed, foreign = ("url", "custom_id") if given["style"] == LINK else ("custom_id", "url")
    if needed not in given:
        raise FieldError(*fields.REQUIRED, path=needed)
    if foreign in given:
        word = "BUTTON_COMPONENT_CUSTOM_ID_AND_URL"
        raise FieldError(word, "A custom id and url cannot both be specified", foreign)
    return given


def read_menu(value: Any) -> dict[str, Any]:
    given = without_nothing(MENU_SHAPE(value))
    given["options"] = [without_nothing(option) for option in given["options"]]
    values = [option["value"] for option in given["options"]]
    if not values:
        raise FieldError("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.", "options")
    for index, chosen in enumerate(values):
        if chosen in values[:index]:
            word = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
            sentence = "The specified option value is already used"
            raise FieldError(word, sentence, f"options.{index}.value")
    given = {"min_values": 1, "max_values": 1, **given}
    if given["min_values"] > given["max_values"] or given["max_values"] > len(values):
        raise FieldError("NUMBER_TYPE_MAX", f"There are {len(values)} options.", "max_values")
    return given


def without_nothing(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None and value != ""}


def find(rows: list[dict[str, Any]], custom_id: str) -> dict[str, Any] | None:
    """Return the button or menu with this id."""
    return next((part for _, part in inside(rows) if part.get("custom_id") == custom_id), None)
