"""Forms: a title and one to five text fields, each in a row or under its own label."""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.errors import form_error, unsupported
from discordsync.sandbox.fields import FieldError
from discordsync.sandbox.messages import components

ROW, TEXT_INPUT, LABEL = 1, 4, 18
FIELDS = 5

TEXT_SHAPE = fields.shape(
    {
        "type": fields.choice(TEXT_INPUT),
        "custom_id": fields.text(1, 100),
        "style": fields.choice(1, 2),
        "label": fields.nullable(fields.text(1, 45)),
        "value": fields.nullable(fields.text(0, 4000)),
        "placeholder": fields.nullable(fields.text(0, 100)),
        "required": fields.nullable(fields.flag),
        "min_length": fields.nullable(fields.whole(0, 4000)),
        "max_length": fields.nullable(fields.whole(1, 4000)),
    },
    required=("type", "custom_id", "style"),
)


def read_modal(data: Mapping[str, Any], *, at: str = "") -> dict[str, Any]:
    """Return {custom_id, title, fields}: the fields as flat records with label and wrapping."""
    checks: dict[str, fields.Check] = {
        "custom_id": fields.text(1, 100),
        "title": fields.text(1, 45),
        "components": fields.listed(read_field, FIELDS),
    }
    given = fields.read_body(data, checks, required=tuple(checks), at=at)
    ids = [field["custom_id"] for field in given["components"]]
    if not ids:
        complaint = fields.bad_length(1, FIELDS)
        raise form_error({at + "components": (complaint.code, complaint.message)})
    if len(set(ids)) < len(ids):
        word, sentence = components.DUPLICATED
        raise form_error({at + "components": (word, sentence)})
    return {"custom_id": given["custom_id"], "title": given["title"], "fields": given["components"]}


def read_field(value: Any) -> dict[str, Any]:
    given = fields.record(value)
    if given.get("type") == LABEL:
        shape = fields.shape(
            {"label": fields.text(1, 45), "component": TEXT_SHAPE}, required=("label", "component")
        )(given)
        return {**shape["component"], "label": shape["label"], "wrapping": LABEL}
    if given.get("type") != ROW:
        raise unsupported("forms with anything other than text fields")
    inside = fields.within("components", fields.listed(TEXT_SHAPE, 1), given.get("components"))
    if not inside:
        raise FieldError(*fields.REQUIRED, path="components")
    if not inside[0].get("label"):
        raise FieldError(*fields.REQUIRED, path="components.0.label")
    return {**inside[0], "wrapping": ROW}


def fill(modal: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is sent for a filled-in form; raises ValueError with a sentence."""
    known = {field["custom_id"] for field in modal["fields"]}
    for name in values:
        if name not in known:
            raise ValueError(f"The form has no field {name}.")
    return [
        wrap(field, check_value(field, values.get(field["custom_id"], "")))
        for field in modal["fields"]
    ]


def check_value(field: Mapping[str, Any], value: Any) -> str:
    name = field["custom_id"]
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text.")
    if not value and field.get("required") is not False:
        raise ValueError(f"{name} is required.")
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if value and not low <= len(value) <= high:
        raise ValueError(f"{name} must have {low} to {high} characters.")
    return value


def wrap(field: Mapping[str, Any], value: str) -> dict[str, Any]:
    filled = {"type": TEXT_INPUT, "custom_id": field["custom_id"], "value": value}
    if field["wrapping"] == LABEL:
        return {"type": LABEL, "component": filled}
    return {"type": ROW, "components": [filled]}
