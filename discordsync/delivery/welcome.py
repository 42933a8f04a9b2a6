"""The welcome message in a group's own channel."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from cohorts.models import AccessState, Group, Membership, active_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    READ_BY_OTHERS,
    MessageObsolete,
    message_source,
    notification,
)
from discordsync.models import DiscordObject
from discordsync.selectors import PROVIDER, existing_channels
from meetings.models import Meeting

WELCOME = "welcome"
CREATED_WITHIN = timedelta(days=2)
SENT_WITHIN = timedelta(days=7)
MEMBERS_SHOWN = 30


@message_source("welcomes", order=READ_BY_OTHERS)
def pending_welcomes(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterable[Message]:
    """Return one pending welcome for each group, from the moment it became active.

    A group whose channel staff imported gets none: its members know the channel already.
    """
    groups = _recently_active(since)
    if group_ids is not None:
        groups = groups.filter(pk__in=group_ids)
    return [_build_post(group.pk, group.activated_at) for group in groups if group.activated_at]


def _recently_active(since: datetime) -> QuerySet[Group]:
    meetings = Meeting.objects.filter(group=OuterRef("pk"), status=Meeting.Status.SCHEDULED)
    return Group.objects.filter(
        Exists(meetings),
        ~Exists(is_imported("pk")),
        active_group(),
        activated_at__gt=since - CREATED_WITHIN,
        weekday__isnull=False,
    )


def is_imported(group: str) -> QuerySet[DiscordObject]:
    """Return a subquery for the text channel of the outer row's group, if staff imported it."""
    return DiscordObject.objects.filter(
        group=OuterRef(group), kind=DiscordObject.Kind.TEXT_CHANNEL, imported=True
    )


def _build_post(group_id: int, activated_at: datetime) -> Message:
    return Message(
        key=f"{WELCOME}:{group_id}",
        kind=WELCOME,
        channel=Message.Channel.DISCORD_CHANNEL,
        group_id=group_id,
        user_id=None,
        due_at=activated_at,
        cutoff_at=activated_at + SENT_WITHIN,
    )


@notification(WELCOME, title="Welcome to the group's channel")
def welcome_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the welcome.  Raises MessageObsolete.  Three queries."""
    group = message.group
    if group is None or group.has_ended:
        raise MessageObsolete("The group has ended.")
    meetings = list(group.meetings.filter(status=Meeting.Status.SCHEDULED).order_by("starts_at"))
    if not meetings or group.start_time is None:
        raise MessageObsolete("The group no longer has meetings.")
    members = list_members(group)
    return {
        "course": group.cohort.course,
        "cohort": group.cohort,
        "ends": (
            datetime.combine(now, group.start_time) + timedelta(minutes=group.duration_minutes)
        ).time(),
        "meetings": len(meetings),
        "first": next((m.starts_at for m in meetings if m.ends_at > now), meetings[0].starts_at),
        "voice_channel": _voice_channel(group),
        "members": members[:MEMBERS_SHOWN],
        "more": max(len(members) - MEMBERS_SHOWN, 0),
    }


def list_members(group: Group) -> list[dict[str, Any]]:
    """Return active members, facilitators first.  People who are not in the server get no Discord
    id, because Discord would show a mention of them as a number.  One query."""
    absent = AccessState.objects.filter(
        user=OuterRef("user"),
        group=OuterRef("group"),
        provider=PROVIDER,
        state=AccessState.State.NOT_JOINED,
    )
    rows = group.memberships.filter(status=Membership.Status.ACTIVE).select_related("user")
    members = [
        {
            "name": row.user.display_name,
            "discord_id": None if row.is_absent else row.user.discord_id,
            "facilitates": row.role == Membership.Role.FACILITATOR,
        }
        for row in rows.annotate(is_absent=Exists(absent))
    ]
    return sorted(members, key=lambda one: (not one["facilitates"], one["name"]))


def _voice_channel(group: Group) -> int | None:
    channels = existing_channels(DiscordObject.Kind.VOICE_CHANNEL).filter(group=group)
    return channels.values_list("outside_id", flat=True).first()
