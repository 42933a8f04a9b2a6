"""From a form to a preview to its confirmation, for whichever page shows them.

ask ──filled in──> preview ──confirmed──> done
 ^                   │ ^         │
 └──cannot be────────┘ └─────────┘ something has changed since it was shown
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cohorts.errors import Refusal
from meetings.models import MeetingMove
from meetings.moving.forms import MoveForm
from meetings.moving.preview import Preview, preview_move
from meetings.moving.services import carry_out

SEEN = "seen"  # the field that holds the digest of what was shown


@dataclass(frozen=True, slots=True)
class Step:
    """Where a person stands: with a form to fill in, a preview to confirm, or done."""

    form: MoveForm
    preview: Preview | None = None
    done: MeetingMove | None = None


def take_step(form: MoveForm, *, by: int, now: datetime) -> Step:
    """Go as far as the form allows.  A refusal becomes the form's error."""
    if not form.is_bound and form.fields:
        return Step(form)
    if not form.is_bound:  # nothing to fill in: what would happen is shown at once
        form = type(form)({}, group=form.group, meeting=form.chosen)
    if not form.is_valid():
        return Step(form)
    try:
        return _go_on(form, by, now)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return Step(form)


def _go_on(form: MoveForm, by: int, now: datetime) -> Step:
    move = form.read()
    seen = form.data.get(SEEN)
    if seen:
        try:
            return Step(form, done=carry_out(move, by=by, now=now, seen=seen))
        except Refusal as refusal:
            if refusal.code != "facts_changed":
                raise
            form.add_error(None, refusal.sentence)
    return Step(form, preview=preview_move(move, now=now, by=by))
