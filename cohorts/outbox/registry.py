"""What apps give to the outbox: message sources, and a context function for each kind of message.

A source returns the messages that follow from the facts:

    source(group_ids: frozenset[int] | None, since: datetime, now: datetime)
        -> Iterable[PendingMessage]

None means all groups.  It returns every message that could have been sent at some time from `since`
to `now`, and may return others.  Usually the two are at most a minute apart.  After a time without
a worker `since` is earlier, so that messages whose whole time has passed are stored too, as too
late.  It may return a message repeatedly; the unique key ensures that it is stored once.

A context function returns the template data when a message is rendered:

    @notification("reminder", topic="reminders")
    def reminder_context(message: Message, now: datetime) -> dict      raises MessageObsolete
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from cohorts.outbox.models import Message
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class PendingMessage:
    """One pending message, to be sent between `due_at` and `cutoff_at`.

    `key` is the same whenever the same facts are read ("welcome:12").  `channel` is a value of
    Message.Channel.  `context` holds ids, no text.
    """

    key: str
    kind: str
    channel: str
    group_id: int | None
    user_id: int | None
    due_at: datetime
    cutoff_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)


class MessageObsolete(Exception):
    """The facts have changed since the message was created; `why` is a sentence for staff."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Source = Callable[[frozenset[int] | None, datetime, datetime], Iterable[PendingMessage]]
ContextOf = Callable[[Message, datetime], dict[str, Any]]

# Called in their order: one that reads the messages of another comes after it.
message_sources: Registry[Source] = Registry("message sources")


@dataclass(frozen=True, slots=True)
class Notification:
    """A kind of message.  `topic` is "" if people cannot choose how it reaches them."""

    name: str
    topic: str
    context_of: ContextOf


notifications: Registry[Notification] = Registry("notifications", name_of=attrgetter("name"))


def notification(name: str, *, topic: str = "") -> Callable[[ContextOf], ContextOf]:
    """Register the decorated function as the context of a kind of message."""

    def register(context_of: ContextOf) -> ContextOf:
        notifications.register(Notification(name, topic, context_of))
        return context_of

    return register
