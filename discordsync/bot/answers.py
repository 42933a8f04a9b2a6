"""What the bot answers, as plain values.  Pure: `rendering` makes Discord's JSON of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from discordsync.bot.asks import Ask


class Look(Enum):
    """How a button looks, as Discord numbers it."""

    MAIN = 1
    PLAIN = 2
    GOOD = 3
    GRAVE = 4


@dataclass(frozen=True, slots=True)
class Button:
    """Either an ask, or an address to be opened."""

    label: str
    ask: Ask | None = None
    url: str = ""
    look: Look = Look.PLAIN


@dataclass(frozen=True, slots=True)
class Again:
    """The answer is not the last: ask this after so many seconds."""

    ask: Ask
    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Only whoever asked sees it.

    `aloud` is what is said in the channel if the answer comes later than Discord lets it be shown;
    nothing that is not for everybody's ears.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    again: Again | None = None
    aloud: str = ""
