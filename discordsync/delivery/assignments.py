"""Messages that announce who is in a group: to each person once, and to the group's channel.

    joined before the group became active      group_assigned    a long e-mail, at that moment
    joined it later                            member_joined     a short e-mail, on joining
    got access after the group's welcome       member_joined     a post in the group's channel

They are derived from memberships and dates, not from role grants.  People who are not in the server
yet are therefore written to as well, and granting a role again announces nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Q, QuerySet
from django.urls import reverse

from cohorts.models import AccessState, Group, Membership, active_group
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import MessageObsolete, PendingMessage, message_source, notification
from discordsync.delivery.discord_text import mention
from discordsync.delivery.welcome import PROVIDER, WELCOME, is_imported, list_members
from discordsync.models import DiscordObject
from meetings.models import Meeting

ASSIGNED, JOINED = "group_assigned", "member_joined"
SENT_WITHIN = timedelta(days=7)
POSTED_WITHIN = timedelta(days=2)
MEETINGS_SHOWN = 30


# -- to the person, by e-mail --------------------------------------------------------------------


@message_source("assignments")
def pending_assignments(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[PendingMessage]:
    """Yield one pending e-mail for each person and group.  One query.

    Founding members of a group whose channel staff imported get none: they were in it before Lens.
    """
    members = _memberships(group_ids).annotate(imported=Exists(is_imported("group")))
    for member in members.filter(_is_recent(since)):
        is_founder = member.joined_at <= _activated_at(member)
        if not (is_founder and member.imported):
            yield _build_email(member, ASSIGNED if is_founder else JOINED)


def _memberships(group_ids: frozenset[int] | None) -> QuerySet[Membership]:
    members = Membership.objects.filter(
        active_group("group__"),
        status=Membership.Status.ACTIVE,
        group__activated_at__isnull=False,
        user__is_active=True,
    ).select_related("group", "user")
    return members if group_ids is None else members.filter(group__in=group_ids)


def _is_recent(since: datetime) -> Q:
    after = since - SENT_WITHIN
    return Q(joined_at__gt=after) | Q(group__activated_at__gt=after)


def _build_email(member: Membership, kind: str) -> PendingMessage:
    due_at = max(member.joined_at, _activated_at(member))
    return PendingMessage(
        key=f"{kind}:{member.group_id}:{member.user_id}",
        kind=kind,
        channel=Message.Channel.EMAIL,
        group_id=member.group_id,
        user_id=member.user_id,
        due_at=due_at,
        cutoff_at=due_at + SENT_WITHIN,
    )


def _activated_at(member: Membership) -> datetime:
    assert member.group.activated_at is not None  # _memberships filters out others
    return member.group.activated_at


@notification(ASSIGNED, topic="groups")
def assigned_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the long e-mail.  Raises MessageObsolete.  Seven queries."""
    return joined_context(message, now) | {"members": list_members(_group_of(message))}


@notification(JOINED, topic="groups")
def joined_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the short e-mail and of the channel post.

    Raises MessageObsolete.  Six queries.
    """
    group, user_id = _group_of(message), _person_of(message)
    member = _memberships(frozenset([group.pk])).filter(user=user_id).first()
    if member is None:
        raise MessageObsolete("The person is no longer in the group, or the group has ended.")
    scheduled = Meeting.objects.filter(group=group, status=Meeting.Status.SCHEDULED)
    ahead = list(scheduled.filter(starts_at__gt=now).order_by("starts_at"))
    return {
        "member": member.user,
        "facilitates": member.role == Membership.Role.FACILITATOR,
        "course": group.cohort.course,
        "cohort": group.cohort,
        "meetings": ahead[:MEETINGS_SHOWN],
        "more_meetings": max(len(ahead) - MEETINGS_SHOWN, 0),
        "channel": _text_channel(group),
        "access": _access_of(member),
        "invite_url": settings.DISCORD_INVITE_URL,
        "meetings_url": f"{settings.SITE_URL}{reverse('my-meetings')}",
    }


def _group_of(message: Message) -> Group:
    if message.group is None:
        raise MessageObsolete("The group no longer exists.")
    return message.group


def _person_of(message: Message) -> int:
    """Return the user's id; a channel post has no recipient, so its context names the person."""
    return message.user_id or message.context["person"]


def _text_channel(group: Group) -> dict[str, Any] | None:
    """Return the channel's name and URL, once it exists."""
    channel = DiscordObject.objects.filter(
        group=group,
        kind=DiscordObject.Kind.TEXT_CHANNEL,
        outside_id__isnull=False,
        gone_at__isnull=True,
    ).first()
    if channel is None:
        return None
    guild = settings.DISCORD_GUILD_ID
    url = f"https://discord.com/channels/{guild}/{channel.outside_id}"
    return {"name": str(channel), "url": url}


def _access_of(member: Membership) -> str:
    """Return what keeps the person out of the channel: no_account, not_there, or ""."""
    if member.user.discord_id is None:
        return "no_account"
    absent = AccessState.objects.filter(
        user=member.user_id,
        group=member.group_id,
        provider=PROVIDER,
        state=AccessState.State.NOT_JOINED,
    )
    return "not_joined" if absent.exists() else ""


# -- in the channel ------------------------------------------------------------------------------


@message_source("arrivals")
def pending_arrivals(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[PendingMessage]:
    """Yield a channel post for each person who got access after the group's welcome.  Two queries.

    People mentioned in the welcome message are not greeted again when their role is re-granted; a
    welcome that is not sent yet will mention them.
    """
    arrivals = AccessState.objects.filter(
        provider=PROVIDER,
        state=AccessState.State.GRANTED,
        changed_at__gt=since - POSTED_WITHIN,
        user__memberships__group=F("group"),
        user__memberships__in=_memberships(group_ids).order_by(),
    ).annotate(joined_at=F("user__memberships__joined_at"))
    arrivals = arrivals.select_related("user", "group")
    welcomes = _welcomes({arrival.group_id for arrival in arrivals})
    for arrival in arrivals:
        if _needs_post(arrival, welcomes.get(arrival.group_id)):
            yield _build_post(arrival)


def _welcomes(group_ids: set[int]) -> dict[int | None, Message]:
    """Return welcome messages that are sent or pending, by group."""
    states = [*UNSENT, Message.State.SENT]
    rows = Message.objects.filter(kind=WELCOME, group__in=group_ids, state__in=states)
    return {message.group_id: message for message in rows}


def _needs_post(arrival: Any, welcome: Message | None) -> bool:
    """Return whether the group should be notified that a person got access.

    the welcome             joined before the group was active     joined later
    ----------------------  -------------------------------------  ------------------------------
    is not sent yet         no: it will mention them               no: it will mention them
    mentions the person     no                                     if they joined after it
    does not mention them   if they got access after it            yes
    does not exist          no: they were in it before Lens        yes
    """
    is_founder = arrival.joined_at <= arrival.group.activated_at
    if welcome is None:
        return not is_founder
    if welcome.sent_at is None:
        return False
    if mention(arrival.user.discord_id or 0) in welcome.body:
        return arrival.joined_at > welcome.sent_at
    return not is_founder or arrival.changed_at >= welcome.sent_at


def _build_post(arrival: Any) -> PendingMessage:
    due_at = max(arrival.joined_at, arrival.changed_at)
    return PendingMessage(
        key=f"{JOINED}:{arrival.group_id}:{arrival.user_id}:channel",
        kind=JOINED,
        channel=Message.Channel.DISCORD_CHANNEL,
        group_id=arrival.group_id,
        user_id=None,
        due_at=due_at,
        cutoff_at=due_at + POSTED_WITHIN,
        context={"person": arrival.user_id},
    )
