"""The letter of a step: a text with placeholders, which staff may edit before it goes. Pure.

The first line is the subject. A line is left out if it is empty once its placeholders are filled
in.
"""

from collections.abc import Collection, Mapping
from string import Formatter

from cohorts.errors import Refusal

MAX_LENGTH = 4000


def check_letter(text: str, placeholders: Collection[str]) -> None:
    """Refuse a text that could not be filled in. Raises Refusal: bad_letter."""
    if not text.strip():
        raise Refusal("bad_letter", "The letter is empty. Write at least its first line.")
    if len(text) > MAX_LENGTH:
        raise Refusal("bad_letter", f"The letter is longer than {MAX_LENGTH} characters.")
    known = ", ".join(f"{{{name}}}" for name in placeholders)
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise Refusal(
            "bad_letter", f"A “{{” or “}}” in the letter has no partner. You can use {known}."
        ) from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in placeholders or spec or conversion):
            raise Refusal(
                "bad_letter", f"The letter contains {{{name}}}, which does not exist. Use {known}."
            )


def fill_letter(text: str, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the subject and the lines of a letter that `check_letter` accepts."""
    filled = [_fill(line, values) for line in text.strip().splitlines()]
    body = "\n".join(line for line in filled[1:] if line is not None).strip()
    return filled[0] or "", tuple(line.strip() for line in body.splitlines())


def _fill(line: str, values: Mapping[str, str]) -> str | None:
    """Return the filled line; None for one that had placeholders and is empty without them."""
    filled = line.format_map(values).strip()
    return filled if filled or not line.strip() else None


def as_literal(text: str) -> str:
    """Return a text as part of a letter with placeholders: its braces mean themselves."""
    return text.replace("{", "{{").replace("}", "}}")
