"""The visits that messages are about, and the e-mails to their guests."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, PendingMessage
from guestvisits.models import GuestVisit
from guestvisits.windows import with_dates

# Longer than any message about the end of a visit may still be sent.
RECENT = timedelta(days=7)


def recent_visits(since: datetime) -> QuerySet[GuestVisit]:
    """Return visits open or recently ended at a time, with what decides which messages are due.

    What messages mention is read when they are sent: five sources read these visits each minute and
    in each run, and a join of ten tables takes time to build and to plan.
    """
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=since - RECENT)
    return with_dates(GuestVisit.objects.filter(lately)).order_by("pk")


def email_guest(
    visit: GuestVisit, kind: str, due_at: datetime, cutoff_at: datetime
) -> PendingMessage:
    """Return a pending e-mail to the guest about their visit."""
    return PendingMessage(
        key=f"{kind}:{visit.pk}",
        kind=kind,
        channel=Message.Channel.EMAIL,
        group_id=visit.host_meeting.group_id,
        user_id=visit.user_id,
        due_at=due_at,
        cutoff_at=cutoff_at,
        context={"visit": visit.pk},
    )


def get_visit(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises MessageObsolete if it no longer exists."""
    visit = _with_related(GuestVisit.objects.filter(pk=message.context["visit"])).first()
    if visit is None:
        raise MessageObsolete("The visit no longer exists.")
    return visit


def get_open_visit(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises MessageObsolete if it has ended."""
    visit = get_visit(message)
    if not visit.is_open:
        raise MessageObsolete(f"The visit has ended: {visit.get_end_reason_display()}.")
    return visit


def _with_related(visits: QuerySet[GuestVisit]) -> QuerySet[GuestVisit]:
    return visits.select_related(
        "user", "host_meeting__group__cohort__course", "home_meeting__group__cohort__course"
    )
