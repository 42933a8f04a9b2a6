"""A request to the bot, as plain values.  Pure.

A request fits into a button's id (`lens:book:12:34`) and into a row, so that it survives a restart
and any time between two presses.  A user can forge the id, so its handler checks every permission.
"""

import re
from dataclasses import dataclass

PREFIX = "lens"
LONGEST_ID = 100  # Discord's limit for the id of a button
PATTERN = re.compile(rf"{PREFIX}:[a-z]+(?::[a-z0-9-]+)*")
LARGEST = 2**63 - 1

Argument = int | str


@dataclass(frozen=True, slots=True)
class BotRequest:
    """A name in `HANDLERS` with its arguments: numbers, or words of a-z, 0-9 and dashes."""

    name: str
    args: tuple[Argument, ...] = ()

    @property
    def custom_id(self) -> str:
        return ":".join([PREFIX, self.name, *map(str, self.args)])

    def as_row(self) -> list[Argument]:
        return [self.name, *self.args]


def from_row(row: list[Argument]) -> BotRequest:
    return BotRequest(str(row[0]), tuple(row[1:]))


def read_custom_id(custom_id: str) -> BotRequest | None:
    """Return the request in the id of one of our buttons; None for any other id."""
    if len(custom_id) > LONGEST_ID or not PATTERN.fullmatch(custom_id):
        return None
    _, name, *args = custom_id.split(":")
    return BotRequest(name, tuple(map(_read_argument, args)))


def _read_argument(text: str) -> Argument:
    number = int(text) if text.isdecimal() else LARGEST + 1
    return number if number <= LARGEST else text
