"""Messages to the channel and to the person when a member leaves a group that continues.

reason for leaving                           the group's channel      the person
-------------------------------------------  -----------------------  -------------------------
staff or a roster ended the membership       "is no longer in …"      an e-mail
the person moved to another group of the     "has moved to another    nothing: the new group's
cohort                                       group"                   e-mail covers it
the group or cohort ended, or was merged     nothing                  nothing
none: the person is in the group again       nothing                  nothing
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from cohorts.models import Membership, set_up_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    MessageObsolete,
    Topic,
    message_source,
    notification,
    topics,
)

LEFT = "member_left"
SENT_WITHIN = timedelta(days=2)

topics.register(
    Topic(
        "groups",
        "My groups",
        "When you join or leave a group. The welcome message always comes by e-mail.",
        may_be_off=False,
    ),
    order=40,
)


@message_source("departures")
def pending_departures(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending messages about departures. One query."""
    members = _departed().filter(left_at__gt=since - SENT_WITHIN, left_at__lte=now)
    if group_ids is not None:
        members = members.filter(group__in=group_ids)
    for member in members.order_by("pk"):
        activated_at = member.group.activated_at
        if activated_at and activated_at <= member.left_at:  # type: ignore[operator]
            yield _build_message(member, None)
        if member.user.is_active and not member.has_moved:  # type: ignore[attr-defined]
            yield _build_message(member, member.user_id)


def _departed() -> QuerySet[Membership]:
    """Return memberships that ended once their group was set up, without people who rejoined."""
    active = Membership.objects.filter(user=OuterRef("user"), status=Membership.Status.ACTIVE)
    elsewhere = active.filter(
        cohort=OuterRef("cohort"), role=OuterRef("role"), joined_at__gte=OuterRef("left_at")
    )
    members = Membership.objects.exclude(status=Membership.Status.ACTIVE).filter(
        set_up_group("group__"),
        ~Exists(active.filter(group=OuterRef("group"))),
        left_at__gte=F("group__set_up_at"),
    )
    return members.annotate(has_moved=Exists(elsewhere)).select_related("user", "group")


def _build_message(member: Membership, user_id: int | None) -> Message:
    assert member.left_at is not None  # a database constraint
    return Message(
        key=f"{LEFT}:{member.pk}:{user_id or 'channel'}",
        kind=LEFT,
        channel=Message.Channel.EMAIL if user_id else Message.Channel.DISCORD_CHANNEL,
        group_id=member.group_id,
        user_id=user_id,
        due_at=member.left_at,
        cutoff_at=member.left_at + SENT_WITHIN,
        context={"membership": member.pk},
    )


@notification(LEFT, topic="groups", title="No longer in the group")
def departure_context(message: Message, _now: datetime) -> dict[str, Any]:
    member = _departed().filter(pk=message.context["membership"]).first()
    if member is None:
        raise MessageObsolete("The person is in the group again, or the group has ended.")
    has_moved = member.has_moved  # type: ignore[attr-defined]
    if message.user_id and has_moved:
        raise MessageObsolete("The person is in another group now, and gets its e-mail instead.")
    return {
        "member": member.user,
        "has_moved": has_moved,
    }
