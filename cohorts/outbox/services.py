"""The lifecycle of a message, from pending to sent.

    (created by a source) ─> PENDING ──begin──> SENDING ──mark_sent────> SENT
                              │ ^                  │ │ ^
                              │ └────mark_failed───┘ └─┘ mark_unclear: it may have arrived
                              │    mark_undelivered: a check showed that it did not arrive
                              ├── expire_late ──> EXPIRED     past its cutoff
                              ├── expire_late ──> UNSURE      the original may have sent it
                              │ ^                   │
                              │ └──send_anyway──────┘         staff chose to send it
                              └── mark_dropped ─> DROPPED     no longer true, or staff's choice

`collecting.collect` creates messages: as EXPIRED if no worker could before the cutoff.

Nothing here calls the network.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import (
    Case,
    DateTimeField,
    F,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Left, Trim

from cohorts.activity.recording import one_act, record
from cohorts.models import Installation, User
from cohorts.outbox.health.undelivered import rejected_emails
from cohorts.outbox.holds import may_send
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.nudges import nudge_channels
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import get_content

WHY_LENGTH = 300
UNRENDERABLE = "The text cannot be rendered ({error}). Contact the operator."
BUG_RETRY = timedelta(minutes=10)
LATE = "It could not be sent in time."
LATE_UNKNOWN = "It is too late to retry, and it is unknown whether it arrived."
UNSURE = "It may already have been sent: it was due before this database was restored or copied."
LATE_UNSURE = "No one released it before the cutoff."
KEEP_AFTER_CUTOFF = timedelta(days=180)


# -- sending -------------------------------------------------------------------------------------


def claim(message_id: int, *, seen: datetime, until: datetime) -> bool:
    """Reserve a message until a time, unless its `next_try_at` has changed since it was read.

    For channels without a lease of their own.
    """
    unsent = Message.objects.filter(may_send(), pk=message_id, state__in=UNSENT, next_try_at=seen)
    return bool(unsent.update(next_try_at=until))


def begin(
    message_id: int,
    *,
    body: str,
    now: datetime,
    channel: str = Message.Channel.EMAIL,
    subject: str = "",
    html: str = "",
) -> bool:
    """Commit, before any network call, that sending begins, together with the text.

    Text that was stored before is kept; the reason of an earlier failure is cleared.  `tried_at`
    remains the earliest time at which it may have arrived.  Returns False if the message is no
    longer pending on this channel or nothing may be sent: do not start a call then.
    """
    unsent = Message.objects.filter(may_send(), pk=message_id, state__in=UNSENT, channel=channel)
    has_text, may_have_arrived = ~Q(body=""), Q(state=Message.State.SENDING)
    return bool(
        unsent.update(
            state=Message.State.SENDING,
            not_sent_reason="",
            subject=_if(has_text, "subject", subject),
            body=_if(has_text, "body", body),
            html=_if(has_text, "html", html),
            tried_at=Coalesce(_if(may_have_arrived, "tried_at", now), Value(now)),
        )
    )


def _if(condition: Q, field: str, otherwise: str | datetime) -> Case:
    """Return the value that a field keeps under a condition, or another one."""
    output = DateTimeField() if isinstance(otherwise, datetime) else TextField()
    return Case(When(condition, then=F(field)), default=Value(otherwise), output_field=output)


def mark_sent(message_id: int, *, outside_id: str = "", now: datetime) -> None:
    """Record that the message arrived, regardless of its current state."""
    Message.objects.filter(pk=message_id).update(
        state=Message.State.SENT, sent_at=now, outside_id=outside_id, not_sent_reason="", failures=0
    )


def mark_failed(message_id: int, *, why: str, now: datetime, retry: timedelta) -> None:
    """Record that the message certainly did not arrive; it is retried after `retry`."""
    _postpone(message_id, Message.State.PENDING, why, now + retry)


def mark_unclear(message_id: int, *, why: str, now: datetime, retry: timedelta) -> None:
    """Record that the message may have arrived: it stays SENDING, to be checked before a retry."""
    _postpone(message_id, Message.State.SENDING, why, now + retry)


def _postpone(message_id: int, state: Message.State, why: str, until: datetime) -> None:
    Message.objects.filter(pk=message_id, state__in=UNSENT).update(
        state=state, not_sent_reason=why[:WHY_LENGTH], next_try_at=until, failures=F("failures") + 1
    )


def mark_undelivered(message_ids: Iterable[int]) -> None:
    """Make these messages pending again: a check showed that they did not arrive."""
    sending = Message.objects.filter(pk__in=list(message_ids), state=Message.State.SENDING)
    sending.update(state=Message.State.PENDING)


def mark_unrenderable(message_id: int, error: Exception, *, now: datetime) -> None:
    """Record that the context or templates failed: a bug that must be fixed."""
    mark_failed(message_id, why=UNRENDERABLE.format(error=error), now=now, retry=BUG_RETRY)


def mark_dropped(*message_ids: int, why: str) -> int:
    """Mark messages as not to be sent.  Returns how many were still pending."""
    waiting = [*UNSENT, Message.State.UNSURE]
    return Message.objects.filter(pk__in=message_ids, state__in=waiting).update(
        state=Message.State.DROPPED, not_sent_reason=why[:WHY_LENGTH]
    )


@transaction.atomic
def retry_rejected(user_id: int, *, now: datetime) -> None:
    """Send a person's e-mails to the corrected address if the mail server rejected the former one.

    For those that are too late, the rejection no longer counts as one of the person's address.
    """
    rejected = rejected_emails().filter(user=user_id)
    retry_now(rejected.filter(state=Message.State.PENDING).values_list("pk", flat=True), now=now)
    rejected.filter(state=Message.State.EXPIRED).update(tried_at=None)


@transaction.atomic
def retry_now(message_ids: Iterable[int], *, now: datetime) -> int:
    """Retry these messages at once, as staff asked.  Returns how many.

    Skips messages that were sent or are past their cutoff, and those that may be on their way: they
    are retried when their claim ends.
    """
    is_on_its_way = Q(state=Message.State.SENDING, next_try_at__gt=now, not_sent_reason="")
    chosen = Message.objects.filter(
        ~is_on_its_way,
        pk__in=list(message_ids),
        state__in=[*UNSENT, Message.State.DROPPED],
        cutoff_at__gt=now,
    )
    waiting = list(chosen.order_by().values_list("channel", "group_id", "user_id"))
    pending = {(channel, group_id) for channel, group_id, _ in waiting}
    chosen.filter(state=Message.State.DROPPED).update(
        state=Message.State.PENDING, not_sent_reason=""
    )
    count = chosen.update(next_try_at=now, failures=0)
    _record("messages_retried", waiting)
    nudge_channels(pending)
    return count


def _record(kind: str, rows: Collection[tuple[str, int | None, int | None]]) -> None:
    """Record what staff decided on messages, given as (channel, group, person)."""
    if rows:
        _, groups, people = zip(*rows, strict=True)
        changes = {"Messages": ["", len(rows)]}
        record(kind, groups=groups, people=people, changes=changes)


@transaction.atomic
def drop_chosen(message_ids: Iterable[int], *, by: User) -> int:
    """Drop messages that are not sent yet, as staff chose.  Returns how many."""
    waiting = Message.objects.filter(
        pk__in=list(message_ids), state__in=[*UNSENT, Message.State.UNSURE]
    )
    rows = list(waiting.select_for_update().values_list("channel", "group_id", "user_id", "pk"))
    _record("messages_dropped", [row[:3] for row in rows])
    return mark_dropped(*(row[3] for row in rows), why=f"{by} decided not to send it.")


def drop_obsolete(now: datetime) -> None:
    """Drop messages that are no longer true, and record why others cannot be rendered.

    Only for Discord: the providers' snapshots skip such messages and write nothing, while a round
    of e-mails records it directly.
    """
    pending = Message.objects.exclude(channel=Message.Channel.EMAIL).filter(
        state=Message.State.PENDING, due_at__lte=now, next_try_at__lte=now
    )
    for message in pending.select_related("user", "group__cohort__course"):
        try:
            get_content(message, now)
        except MessageObsolete as error:
            mark_dropped(message.pk, why=error.why)
        except Exception as error:
            mark_unrenderable(message.pk, error, now=now)


@transaction.atomic
def unsubscribe(user_id: int) -> bool:
    """Switch off the person's e-mails.  Returns False if there is no such person."""
    if User.objects.filter(pk=user_id, wants_email=True).update(wants_email=False):
        changes = {"Messages by e-mail": [True, False]}
        record("preferences_changed", by=user_id, person=user_id, changes=changes)
    return User.objects.filter(pk=user_id).exists()


# -- expiring ------------------------------------------------------------------------------------


def expire_late(now: datetime) -> int:
    """Close messages that are past their cutoff, with the reason; return how many.

    Messages that were due before `quiet_before` are marked as UNSURE, for staff to decide.
    """
    unsent = Message.objects.filter(state__in=UNSENT)
    late = unsent.filter(cutoff_at__lte=now)
    unsure = Message.objects.filter(state=Message.State.UNSURE, cutoff_at__lte=now)
    count = (
        _expire(late.filter(state=Message.State.SENDING), LATE_UNKNOWN)
        + _expire(late, LATE)
        + _expire(unsure, LATE_UNSURE)
    )
    quiet_before = Installation.objects.filter(pk=1).values("quiet_before")
    early = unsent.filter(due_at__lt=Subquery(quiet_before), released_at__isnull=True)
    early.update(state=Message.State.UNSURE, not_sent_reason=UNSURE)
    return count


@transaction.atomic
def send_anyway(message_ids: Iterable[int], *, now: datetime) -> int:
    """Send UNSURE messages, as staff chose, although they may have been sent before.  Returns how
    many."""
    unsure = Message.objects.filter(pk__in=list(message_ids), state=Message.State.UNSURE)
    chosen = list(unsure.filter(cutoff_at__gt=now).select_for_update().values_list("pk", flat=True))
    Message.objects.filter(pk__in=chosen).update(
        state=Message.State.PENDING, not_sent_reason="", released_at=now, tried_at=None
    )
    with one_act("messages_sent_anyway", changes={"Messages": ["", len(chosen)]}):
        return retry_now(chosen, now=now)


def _expire(late: QuerySet[Message], sentence: str) -> int:
    """Mark messages as expired; the reason of the last failure is kept after the sentence."""
    why = Trim(Left(Concat(Value(f"{sentence} "), F("not_sent_reason")), WHY_LENGTH))
    return late.update(state=Message.State.EXPIRED, not_sent_reason=why)


def delete_old(now: datetime) -> int:
    """Delete messages long past their cutoff; return how many.

    Until then the key keeps each message from being created twice; afterwards the cutoff does.
    """
    deleted, _ = Message.objects.filter(cutoff_at__lt=now - KEEP_AFTER_CUTOFF).delete()
    return deleted
