"""What the calendar holds, in plain dictionaries, and the settings that say how Google behaves.

An *event* is a dictionary::

    {"id", "serial", "rev", "status", "created", "updated", "sequence", "iCalUID",
     "series": id of the recurring event or None, "original": stamp or None,
     "fields": {what a client may write: "start", "end", "attendees", "summary", …}}

A *stamp* names an occurrence by its original start: `20261120T140000Z`, or `20261120` all day.
`rev` is the number of the write that touched the event last; it makes the ETag and lets a sync
token say "since".
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Event = dict[str, Any]

DEFAULT_SETTINGS: dict[str, Any] = {
    "summary": "Lens",
    "time_zone": "UTC",
    "access_role": "owner",
    # What becomes of the attendees of exceptions when their series is written: not documented.
    "exceptions": "left_alone",
    # Whom Google mails about a change of attendees alone: not documented.
    "mails": "everybody",
    # Google may reset an answer that the organizer writes for somebody else.
    "set_responses": "reset",
    "delegation": True,
    "quota": None,
    "organizer_attends": False,
    # Addresses that Google lists under another, and others that it takes for invalid.
    "aliases": {},
    "refuses": [],
    # Whether a write renews the ETag of the event alone, or of all its series' family.
    "etags": "family",
    # Fields that Google's answers lack: all but the id may be missing.
    "left_out": [],
    # How much a cancelled event tells of itself: "detailed", "named" or "bare".
    "cancelled": "detailed",
    "google_domains": ["gmail.com"],
    "page_size": 2500,
    "batch_limit": 50,
    # Whether each page of a listing names a next one.
    "endless": False,
    "token_days": 7,
    "deleted_days": 30,
}


@dataclass
class State:
    calendar_id: str
    now: Callable[[], datetime]
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_SETTINGS))
    events: dict[str, Event] = field(default_factory=dict)
    # Occurrences that a shorter or moved rule took away; told once to each sync token.
    ghosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Ids of deleted events that Google no longer shows; they still cannot be used again.
    buried: list[str] = field(default_factory=list)
    mails: list[dict[str, str]] = field(default_factory=list)
    revision: int = 0
    serial: int = 0
    invited: int = 0
    # Tokens of another world, or from before `expire_tokens`, carry another epoch.
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
