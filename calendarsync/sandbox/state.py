"""The calendar's contents as plain dictionaries.

An *event* is a dictionary::

    {"id", "serial", "rev", "status", "created", "updated", "sequence", "iCalUID",
     "series": id of the recurring event or None, "original": stamp or None,
     "fields": {what a client may write: "start", "end", "attendees", "summary", …}}

A *stamp* names an occurrence by its original start: `20261120T140000Z`, or `20261120` all day.
`rev` is the number of the last write to the event. The ETag is made from it, and sync tokens
compare it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from calendarsync.sandbox.settings import default_settings

Event = dict[str, Any]


@dataclass
class State:
    calendar_id: str
    now: Callable[[], datetime]
    settings: dict[str, Any] = field(default_factory=default_settings)
    events: dict[str, Event] = field(default_factory=dict)
    # Occurrences that a shorter or moved rule removed; each sync token returns them once.
    ghosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Ids of deleted events that Google no longer shows. They cannot be used again.
    buried: list[str] = field(default_factory=list)
    mails: list[dict[str, str]] = field(default_factory=list)
    revision: int = 0
    serial: int = 0
    invited: int = 0
    # Tokens of another sandbox, or from before `expire_tokens`, have another epoch.
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))


KEPT = (
    "settings",
    "events",
    "ghosts",
    "buried",
    "mails",
    "revision",
    "serial",
    "invited",
    "epoch",
)


def next_revision(state: State) -> int:
    state.revision += 1
    return state.revision


def next_serial(state: State) -> int:
    state.serial += 1
    return state.serial
