"""What apps register with the outbox: message sources, notifications, topics, and channels.

A message module registers itself when its app's `ready()` imports it:

    topics.register(Topic("reminders", "Reminders", "24 hours …", may_be_off=True))

    @message_source("reminders")
    def pending_reminders(group_ids: frozenset[int] | None, since: datetime, now: datetime)
            -> Iterable[Message]

    @notification("reminder", topic="reminders", title="Meeting reminder")
    def reminder_context(message: Message, now: datetime) -> dict      raises MessageObsolete

A source returns, as new unsaved rows, the messages that follow from the facts of these groups, or
of all groups (None): every message that could have been sent at some time from `since` to `now`; it
may return others.  Usually the two are at most a minute apart.  After a time without a worker
`since` is earlier, so that messages whose whole time has passed are stored too, as too late.  A
source may return a message repeatedly: its key is the same whenever the same facts are read
("welcome:12"), so that it is stored once.  For all groups, everything that was due until `since` is
stored, so a source of events need not read old ones again: `first_event`.

A notification is a kind of message.  Its function returns the template data when a message is
rendered; staff read its title.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cohorts.outbox.models import Message, kind_titles
from cohorts.registries import LAST, Registry


class MessageObsolete(Exception):
    """The facts have changed since the message was created; `why` is a sentence for staff."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


# By how much a commit can be later than the time of its event: a command has no time limit.
LATE_COMMIT = timedelta(minutes=15)

Source = Callable[[frozenset[int] | None, datetime, datetime], Iterable[Message]]
ContextOf = Callable[[Message, datetime], dict[str, Any]]

# In the context of a message: the key of an earlier one.  If both go directly on Discord, the
# earlier one is edited, so that its buttons disappear.
EDITS = "edits"
READ_BY_OTHERS = 10  # the order of a source whose messages other sources read

message_sources: Registry[Source] = Registry("message sources")


def first_event(group_ids: frozenset[int] | None, since: datetime, within: timedelta) -> datetime:
    """Return since when a source reads events that make messages due at once, such as moves.

    A collection for some groups, as in a run, reads all those `within` a time.
    """
    return since - (LATE_COMMIT if group_ids is None else within)


def message_source(name: str, *, order: int = LAST) -> Callable[[Source], Source]:
    """Register the decorated function as a source."""
    return lambda source: message_sources.register(source, name=name, order=order)


@dataclass(frozen=True, slots=True)
class Notification:
    """A kind of message.  `topic` is "" if people cannot choose how it reaches them."""

    name: str
    topic: str
    context_of: ContextOf


notifications: Registry[Notification] = Registry("notifications")


def notification(name: str, *, title: str, topic: str = "") -> Callable[[ContextOf], ContextOf]:
    """Register the decorated function as the context of a kind of message."""

    def register(context_of: ContextOf) -> ContextOf:
        notifications.register(Notification(name, topic, context_of))
        kind_titles[name] = title
        return context_of

    return register


@dataclass(frozen=True, slots=True)
class DeliveryChannel:
    """A channel that delivers messages; its name is a value of Message.Channel.

    `fit` cuts a text to the channel's limit.  `fix` and `closed_fix` tell staff what to do if it
    fails, and if it is closed until they open it again.  `is_watched`: an alarm is raised if it
    sends nothing.
    """

    name: str
    fix: str
    closed_fix: str = ""
    is_watched: bool = True
    fit: Callable[[str], str] = str.strip


channels: Registry[DeliveryChannel] = Registry("delivery channels")


@dataclass(frozen=True, slots=True)
class Topic:
    """A group of notifications for which people choose a delivery route.

    A kind without a topic, such as the report to the staff member who started “Realize”, goes by
    e-mail and cannot be switched off separately.  `for_facilitators`: people see it only while they
    facilitate a group.
    """

    name: str
    title: str
    about: str
    may_be_off: bool
    for_facilitators: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind in notifications if topic_of(kind) == self.name)


topics: Registry[Topic] = Registry("message topics")


def topic_of(kind: str) -> str:
    """Return the name of the kind's topic, or ""."""
    return notifications[kind].topic if kind in notifications else ""
