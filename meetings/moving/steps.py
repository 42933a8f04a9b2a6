"""The steps of moving a meeting, shared by the pages and the admin.

form ──filled in──> preview ──confirmed──> done
 ^                    │ ^         │
 └──refused, edit─────┘ └─────────┘ something changed after the preview
"""

from dataclasses import dataclass
from datetime import datetime

from cohorts.errors import Refusal
from meetings.models import MeetingMove
from meetings.moving.forecasts import MailForecast, forecast_mails
from meetings.moving.forms import MoveForm
from meetings.moving.preview import Preview, preview_move
from meetings.moving.services import carry_out

SEEN = "seen"  # the form field with the digest of the preview
REASON = "reason"  # optional words for the message, entered below the preview
REASON_LENGTH = 200
DO, EDIT = "do", "edit"  # the button below the preview that leads back to the form


@dataclass(frozen=True, slots=True)
class Step:
    """The current step: a form to fill in, a preview to confirm, or done.

    `mails` belong to the preview. They are not part of its digest: they depend on what a calendar
    reported last, which may change while a person reads.
    """

    form: MoveForm
    preview: Preview | None = None
    mails: tuple[MailForecast, ...] = ()
    reason: str = ""
    done: MeetingMove | None = None


def take_step(form: MoveForm, *, by: int, now: datetime) -> Step:
    """Advance as far as the form allows. A refusal becomes a form error."""
    if not form.is_bound and form.fields:
        return Step(form)
    if not form.is_bound:  # nothing to fill in: show the preview directly
        form = type(form)({}, group=form.group, meeting=form.chosen)
    reason = form.data.get(REASON, "").strip()
    if not form.is_valid() or form.data.get(DO) == EDIT:
        return Step(form, reason=reason)
    try:
        return _advance(form, by, now, reason)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        # The form carries the reason unseen: a refused one would be refused for ever.
        return Step(form, reason="" if refusal.code == "bad_reason" else reason)


def _advance(form: MoveForm, by: int, now: datetime, reason: str) -> Step:
    move, seen = form.read(), form.data.get(SEEN)
    check_reason(reason)
    if seen:
        try:
            return Step(form, done=carry_out(move, by=by, now=now, seen=seen, reason=reason))
        except Refusal as refusal:
            if refusal.code != "facts_changed":
                raise
            form.add_error(None, refusal.sentence)
    preview = preview_move(move, now=now, by=by)
    return Step(form, preview=preview, mails=tuple(forecast_mails(move, now)), reason=reason)


def check_reason(reason: str) -> None:
    """Raises Refusal: bad_reason."""
    if len(reason) > REASON_LENGTH:
        raise Refusal("bad_reason", f"The reason is longer than {REASON_LENGTH} characters.")
