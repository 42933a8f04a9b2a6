"""Explain to staff in a sentence why a message was not sent (yet)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cohorts.admin_base.reader_time import show_time
from cohorts.outbox.collecting import MISSED
from cohorts.outbox.health.parts import EMAIL
from cohorts.outbox.holds import why_held
from cohorts.outbox.models import UNSENT, Message, OutboxPart
from cohorts.outbox.routing.routes import DeliveryRequest, DeliveryRoute, find_routes


@dataclass(frozen=True, slots=True)
class Outlook:
    """The reasons outside of the messages that keep them from being sent."""

    now: datetime
    hold: str
    email_problem: str
    routes: Mapping[DeliveryRequest, DeliveryRoute]


def read_outlook(now: datetime, messages: Iterable[Message] = ()) -> Outlook:
    """Return the outlook for these messages, with a constant number of queries."""
    trouble = OutboxPart.objects.filter(name=EMAIL).values_list("issue", flat=True).first()
    to_people = [m for m in messages if m.user_id is not None and m.state in UNSENT]
    routes = find_routes({DeliveryRequest.about(message) for message in to_people}, now)
    return Outlook(now, why_held(now), trouble or "", routes)


def why_not_sent(message: Message, outlook: Outlook) -> str:
    """Return a sentence, or "" for a message that was sent."""
    if message.state == Message.State.SENT:
        return ""
    if message.state not in UNSENT:
        return _past_reason(message)
    return outlook.hold or _reason_of(message, outlook)


def _past_reason(message: Message) -> str:
    if message.not_sent_reason != MISSED:
        return message.not_sent_reason
    due, cutoff = show_time(message.due_at), show_time(message.cutoff_at)
    return f"{MISSED} It was due at {due} and had to be sent before {cutoff}."


def _reason_of(message: Message, outlook: Outlook) -> str:
    route = outlook.routes.get(DeliveryRequest.about(message))
    if route and not route.channel:
        return f"{route.why} It will be dropped when it is due."
    if route and route.channel != message.channel:
        return f"It will be sent on another channel: {Message.Channel(route.channel).label}."
    if message.channel == Message.Channel.EMAIL and outlook.email_problem:
        return f"{outlook.email_problem} It is retried every minute."
    if message.not_sent_reason:
        return f"{message.not_sent_reason} {_next_try(message)}"
    if message.due_at > outlook.now:
        return f"It is due at {show_time(message.due_at)}."
    return "It is due now. A worker will send it."


def _next_try(message: Message) -> str:
    if message.next_try_at >= message.cutoff_at:
        return "It is not retried automatically."
    return f"Next retry at {show_time(message.next_try_at)}."
