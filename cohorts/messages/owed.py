"""What passes between the outbox and those who know why a message is owed.

A source, named in settings.MESSAGE_SOURCES, says which messages facts make owed:

    source(group_ids: frozenset[int] | None, now: datetime) -> Iterable[Owed]     (None: of all)

It may name the same message again and again; the key makes sure that it is written once.  A kind's
context, named in settings.MESSAGE_KINDS, looks up what its templates need at the last moment:

    context(message: Message, now: datetime) -> dict      raises NoLongerTrue
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Owed:
    """One message that facts make owed, from `due_at` to `cutoff_at`.

    `key` is the same whenever the same facts are read ("welcome:12").  `channel` is a value of
    Message.Channel.  `context` holds plain ids, no words.
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
    """The facts moved on since the message was owed; `why` is a sentence for staff."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
