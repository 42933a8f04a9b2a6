"""The other reading of each assumption that the sandboxes can be switched to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Settings = dict[str, Any]

# Of Google's fields, those without which an event can be read.
OPTIONAL = [
    "kind", "updated", "created", "creator", "organizer", "sequence", "iCalUID", "htmlLink",
    "eventType", "originalStartTime",
]  # fmt: skip
LOST_MESSAGE = {"kind": "drop_after", "method": "POST", "path": "/messages$", "nth": 2}
LOST_CHANNEL = {"kind": "drop_after", "method": "POST", "path": "/channels$", "nth": 2}


@dataclass(frozen=True)
class Flip:
    """One line of docs/assumptions.md, read otherwise.

    `seconds`: how far the product's clock is ahead. `most_calls`, `most_emails`: how many more
    than with the default reading this may cost.
    """

    number: str
    name: str
    discord: Settings = field(default_factory=dict)
    google: Settings = field(default_factory=dict)
    fault: Settings | None = None
    seconds: int = 0
    most_calls: int = 0
    most_emails: int = 0

    def __str__(self) -> str:
        return f"{self.number}: {self.name}"


FLIPS = (
    Flip("D01", "hidden channels are listed", discord={"hidden_listed": True}),
    Flip("D02", "hidden channels do not count", discord={"hidden_counted": False}),
    Flip("D04", "edits check the server alone", discord={"edits_check_category": False}),
    Flip("D06", "no channel follows", discord={"channels_follow_category": False}),
    Flip("D09", "a new role raises no other", discord={"new_role_raises_others": False}),
    Flip("D10", "a new role has none", discord={"new_role_copies_everyone": False}),
    Flip(
        "D11",
        "a nonce is forgotten at once, and an answer is lost",
        discord={"nonce_minutes": 0},
        fault=LOST_MESSAGE,
        most_calls=12,
    ),
    Flip("D12", "other people's text arrives", discord={"message_content_intent": True}),
    Flip("D16", "events go as they begin", discord={"event_grace_hours": 0}),
    Flip("D16", "events stay for ten days", discord={"event_grace_hours": 240}),
    Flip("D22", "everyone has to accept rules", discord={"membership_screening": True}),
    Flip("D40", "no entry comes", discord={"audit_hole_every": 1}),
    Flip("D40", "each comes at once", discord={"audit_hole_every": 0, "audit_delay_seconds": 0}),
    Flip("G01", "a written RSVP is kept", google={"set_responses": "honoured"}),
    Flip("G04", "someone has another address", google={"aliases": {"amy@example.org": "a@b.c"}}),
    Flip("G05", "the account is put back", google={"organizer_attends": True}),
    Flip("G06", "there is no `updated`", google={"left_out": ["updated"]}),
    Flip("G08", "exceptions are overwritten", google={"exceptions": "overwritten"}),
    Flip("G08", "exceptions are merged", google={"exceptions": "merged"}),
    Flip("G09", "everyone's calendar is Google's", google={"google_domains": ["example.org"]}),
    Flip("G10", "those concerned are mailed", google={"mails": "concerned"}),
    Flip("G12", "an exception has its own ETag", google={"etags": "own"}),
    Flip("G17", "a token is valid for a day", google={"token_days": 1}),
    Flip("G18", "fields are missing", google={"left_out": OPTIONAL, "cancelled": "bare"}),
    Flip("G18", "cancelled ones are whole", google={"cancelled": "whole"}),
    Flip("M02", "Lens is 50 s ahead", fault=LOST_CHANNEL, seconds=50, most_calls=12),
    Flip("M02", "Lens is 50 s behind", fault=LOST_CHANNEL, seconds=-50, most_calls=12),
)
