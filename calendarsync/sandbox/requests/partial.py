"""The `fields` parameter: reduce an answer to the parts that were requested."""

from typing import Any

from calendarsync.sandbox.errors import GoogleError

Selection = dict[str, "Selection"]


def select(answer: dict[str, Any], fields: str) -> dict[str, Any]:
    """Return the parts that `fields` selects, such as `nextSyncToken,items(id,start/dateTime)`.

    Raises GoogleError.
    """
    selection, rest = _parse(fields.replace(" ", ""))
    if rest:
        raise _wrong(fields)
    return _apply(answer, selection)


def _wrong(fields: str) -> GoogleError:
    return GoogleError(
        400, "invalidParameter", f"Invalid field selection {fields}", location="fields"
    )


def _parse(text: str) -> tuple[Selection, str]:
    """Return the selection up to a closing bracket, and the remaining text."""
    selection: Selection = {}
    while True:
        name, inner, text = _parse_one(text)
        selection[name] = {**selection.get(name, {}), **inner}
        if not text.startswith(","):
            return selection, text
        text = text[1:]


def _parse_one(text: str) -> tuple[str, Selection, str]:
    end = next((i for i, sign in enumerate(text) if sign in "(),/"), len(text))
    name, rest = text[:end], text[end:]
    if not name:
        raise _wrong(text)
    if rest.startswith("/"):
        inner_name, inner, rest = _parse_one(rest[1:])
        return name, {inner_name: inner}, rest
    if not rest.startswith("("):
        return name, {}, rest
    inner, rest = _parse(rest[1:])
    if not rest.startswith(")"):
        raise _wrong(text)
    return name, inner, rest[1:]


def _apply(value: Any, selection: Selection) -> Any:
    if isinstance(value, list):
        return [_apply(one, selection) for one in value]
    if not selection or not isinstance(value, dict) or "*" in selection:
        return value
    return {key: _apply(under, selection[key]) for key, under in value.items() if key in selection}
