"""Record a letter in the outbox: once, and for all its readers or none."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership, User
from cohorts.outbox.collecting import store
from cohorts.outbox.models import Message
from meetings.writing.letter_preview import (
    LetterPreview,
    LetterReader,
    explain_change,
    read_preview,
)
from meetings.writing.staff_letter import STAFF_LETTER, TEAM, letter_context

LETTER_WITHIN = timedelta(days=7)


def letter_key(letter_id: str, user_id: int | str = "") -> str:
    """Return the key of one person's message; without a person, what all keys begin with."""
    return f"{STAFF_LETTER}:{letter_id}:{user_id}"


@transaction.atomic
def post_letter(
    cohort: Cohort,
    members: QuerySet[Membership],
    *,
    letter: str,
    letter_id: str,
    audience: str,
    seen: str,
    seen_readers: frozenset[int],
    sender: User,
    now: datetime,
    role: str = TEAM,
) -> LetterPreview:
    """Record the letter for everyone; return whom it goes to.

    The caller has checked that `sender` may write to these people, as `role`. `letter_id` comes
    from the form, so that a repeated request records nothing. `audience` names the readers in the
    cohort's history. `seen` is the digest of the preview that was confirmed, with `seen_readers`.
    Raises Refusal: already_sent, audience_changed, and those of the preview.
    """
    Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    if Message.objects.filter(key__startswith=letter_key(letter_id)).exists():
        raise Refusal("already_sent", "This letter was sent already. It was not sent again.")
    preview = read_preview(letter, members, now)
    if preview.digest != seen:
        raise Refusal("audience_changed", explain_change(seen_readers, preview))
    context = {"letter_id": letter_id, "audience": audience, "role": role}
    store((_build(one, preview.letter, sender, context, now) for one in preview.readers), now=now)
    _record(cohort, preview, audience, sender)
    return preview


def _build(
    one: LetterReader, letter: str, sender: User, context: dict[str, str], now: datetime
) -> Message:
    groups = [group.pk for group in one.addressee.groups]
    return Message(
        key=letter_key(context["letter_id"], one.id),
        kind=STAFF_LETTER,
        channel=Message.Channel.EMAIL,
        group_id=groups[0],
        user_id=one.id,
        due_at=now,
        cutoff_at=now + LETTER_WITHIN,
        context=letter_context(letter, sender, groups, **context),
    )


def _record(cohort: Cohort, preview: LetterPreview, audience: str, sender: User) -> None:
    subject = preview.letter.partition("\n")[0]
    record(
        "letter_sent",
        by=sender,
        cohort=cohort,
        people=[one.id for one in preview.readers],
        about=cohort,
        changes={"To": ["", audience], "People": ["", len(preview.readers)]},
        reason=subject,
    )
