"""Why a message is not sent (yet), in a sentence for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cohorts.messages.holds import why_held
from cohorts.messages.models import UNSENT, Message, OutboxPart
from cohorts.messages.parts import EMAIL


@dataclass(frozen=True, slots=True)
class Outlook:
    """What keeps messages from being sent that is no message's own."""

    now: datetime
    hold: str
    email_trouble: str


def read_outlook(now: datetime) -> Outlook:
    trouble = OutboxPart.objects.filter(name=EMAIL).values_list("trouble", flat=True).first()
    return Outlook(now, why_held(now), trouble or "")


def why_not_sent(message: Message, outlook: Outlook) -> str:
    """A sentence; "" for a message that was sent."""
    if message.state == Message.State.SENT:
        return ""
    if message.state not in UNSENT:
        return message.why_not
    return outlook.hold or _own_reason(message, outlook)


def _own_reason(message: Message, outlook: Outlook) -> str:
    if message.channel == Message.Channel.EMAIL and outlook.email_trouble:
        return f"{outlook.email_trouble} It is tried each minute."
    if message.why_not:
        return f"{message.why_not} {_next_try(message)}"
    if message.due_at > outlook.now:
        return f"It is not due before {message.due_at:%Y-%m-%d %H:%M} UTC."
    return "Its turn has not come yet; a worker sends it."


def _next_try(message: Message) -> str:
    if message.next_try_at >= message.cutoff_at:
        return "It is not tried again by itself."
    return f"The next try is at {message.next_try_at:%Y-%m-%d %H:%M} UTC."
