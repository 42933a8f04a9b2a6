"""Types shared by the outbox and the message sources.

A source, named in settings.MESSAGE_SOURCES, returns the messages that follow from the facts:

    source(group_ids: frozenset[int] | None, now: datetime) -> Iterable[Owed]   (None: all groups)

It may return the same message repeatedly; the unique key ensures that it is stored once.  A context
function, named in settings.MESSAGE_KINDS, returns the template data when a message is rendered:

    context(message: Message, now: datetime) -> dict      raises NoLongerTrue
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Owed:
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


class NoLongerTrue(Exception):
    """The facts have changed since the message was created; `why` is a sentence for staff."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
