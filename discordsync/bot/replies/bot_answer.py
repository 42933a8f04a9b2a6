"""The bot's answers as plain values.  Pure; `rendering` turns them into Discord's JSON."""

from dataclasses import dataclass
from enum import Enum

from discordsync.bot.replies.requests import BotRequest


class ButtonStyle(Enum):
    """A button's style, by Discord's numbers."""

    MAIN = 1
    PLAIN = 2
    GOOD = 3
    GRAVE = 4


@dataclass(frozen=True, slots=True)
class Button:
    """A button with either a request or a URL to open."""

    label: str
    request: BotRequest | None = None
    url: str = ""
    style: ButtonStyle = ButtonStyle.PLAIN


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The answer is not the last one: carry out this request after so many seconds."""

    request: BotRequest
    seconds: float


@dataclass(frozen=True, slots=True)
class BotAnswer:
    """An answer that only the asker sees.

    `public_text` is posted in the channel if the answer comes too late for Discord to show it, so
    it must contain only what everyone may read.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    follow_up: FollowUp | None = None
    public_text: str = ""
