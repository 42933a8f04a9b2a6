"""A request to the bot, as plain values.  Pure.

An ask fits into a button's id (`lens:book:12:34`) and into a row, so that it survives a restart and
any time between two presses.  A user can forge the id, so the verb must check every permission.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "lens"
LONGEST_ID = 100  # Discord's limit for the id of a button
PATTERN = re.compile(rf"{PREFIX}:[a-z]+(?::[a-z0-9-]+)*")
LARGEST = 2**63 - 1

Argument = int | str


@dataclass(frozen=True, slots=True)
class BotRequest:
    """A verb of `verbs.VERBS` with its arguments: numbers, or words of a-z, 0-9 and dashes."""

    verb: str
    args: tuple[Argument, ...] = ()

    @property
    def custom_id(self) -> str:
        return ":".join([PREFIX, self.verb, *map(str, self.args)])

    def as_row(self) -> list[Argument]:
        return [self.verb, *self.args]


def from_row(row: list[Argument]) -> BotRequest:
    return BotRequest(str(row[0]), tuple(row[1:]))


def read_custom_id(custom_id: str) -> BotRequest | None:
    """Return the ask in the id of one of our buttons; None for any other id."""
    if len(custom_id) > LONGEST_ID or not PATTERN.fullmatch(custom_id):
        return None
    _, verb, *args = custom_id.split(":")
    return BotRequest(verb, tuple(map(_read_argument, args)))


def _read_argument(text: str) -> Argument:
    number = int(text) if text.isdecimal() else LARGEST + 1
    return number if number <= LARGEST else text
