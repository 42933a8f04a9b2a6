"""Requests for an RSVP: one e-mail per membership, 48 hours after the invitation.

One invitation covers the whole term, so an RSVP to any of its meetings counts. Members are invited
when their group is set up, or when they join it later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Greatest

from cohorts.models import Membership, set_up_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from meetings.models import Attendance, Meeting

RSVP_REQUEST = "nudge"  # as stored with messages, in their kind and their key
AFTER = timedelta(hours=48)
SENT_WITHIN = timedelta(hours=24)


@message_source("nudges")  # as stored when it fails
def pending_rsvp_requests(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending requests. One query."""
    members = (
        _members_without_rsvp(since)
        .annotate(invited_at=Greatest("group__set_up_at", "joined_at"))
        .filter(invited_at__lte=now - AFTER, invited_at__gt=since - AFTER - SENT_WITHIN)
    )
    if group_ids is not None:
        members = members.filter(group__in=group_ids)
    for member in members:
        due_at = member.invited_at + AFTER
        yield Message(
            key=f"{RSVP_REQUEST}:{member.pk}",
            kind=RSVP_REQUEST,
            channel=Message.Channel.EMAIL,
            group_id=member.group_id,
            user_id=member.user_id,
            due_at=due_at,
            cutoff_at=due_at + SENT_WITHIN,
            context={"membership": member.pk},
        )


def _members_without_rsvp(now: datetime) -> QuerySet[Membership]:
    """Return members without an RSVP in their group, which is set up and has a future meeting."""
    answered = Attendance.objects.filter(
        user=OuterRef("user"), meeting__group=OuterRef("group")
    ).exclude(rsvp=Attendance.Rsvp.PENDING)
    ahead = Meeting.objects.filter(
        group=OuterRef("group"), status=Meeting.Status.SCHEDULED, starts_at__gt=now
    )
    return Membership.objects.filter(
        ~Exists(answered),
        Exists(ahead),
        set_up_group("group__"),
        status=Membership.Status.ACTIVE,
        group__set_up_at__isnull=False,
        user__is_active=True,
    )


@notification(RSVP_REQUEST, topic="reminders", title="Request to answer an invitation")
def rsvp_request_context(message: Message, now: datetime) -> dict[str, Any]:
    member = _members_without_rsvp(now).filter(pk=message.context["membership"]).first()
    if member is None:
        raise MessageObsolete("The person has answered, or there is nothing left to answer.")
    ahead = Meeting.objects.filter(
        group=member.group_id, status=Meeting.Status.SCHEDULED, starts_at__gt=now
    )
    return {
        "next": ahead.order_by("starts_at")[0],
    }
