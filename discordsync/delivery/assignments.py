"""Messages that announce who is in a group: to each person once, and to the group's channel.

    joined before the group was set up         group_assigned    a long e-mail, at that moment
    joined it later                            member_joined     a short e-mail, on joining
    got access after the group's welcome       member_joined     a post in the group's channel

They are derived from memberships and dates, not from role grants.  People who are not in the server
yet are therefore written to as well, and granting a role again announces nothing.  The messages
about joining belong to a membership: people who leave and return are announced again.

A person whose groups are set up together gets one long e-mail about all of them: it waits up to 30
minutes for groups whose realize is under way.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from cohorts.models import AccessState, Group, Membership, active_group, live_group, set_up_group
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from cohorts.reconcile.models import GroupSync
from discordsync.delivery.discord_text import mention
from discordsync.delivery.welcome import WELCOME, is_imported, list_members
from discordsync.models import DiscordObject
from discordsync.selectors import PROVIDER, existing_channels, url_of
from meetings.models import Meeting
from meetings.registries import find_join_steps

ASSIGNED, JOINED = "group_assigned", "member_joined"
SENT_WITHIN = timedelta(days=7)
POSTED_WITHIN = timedelta(days=2)
WAITS_FOR_OTHERS = timedelta(minutes=30)
MEETINGS_SHOWN = 30


# -- to the person, by e-mail --------------------------------------------------------------------


@message_source("assignments")
def pending_assignments(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending e-mails: one for each person who joins a group, and one for each person
    whose groups were set up.  Three queries.

    Founding members of a group whose channel staff imported get none: they were in it before Lens.
    """
    founders: dict[int, list[Membership]] = defaultdict(list)
    for member in _recent_members(group_ids, since):
        if not _is_founder(member):
            yield _build_joined(member)
        elif not member.imported:  # type: ignore[attr-defined]
            founders[member.user_id].append(member)
    if not founders:
        return
    assigned = _assigned_so_far(founders)
    waiting = _people_in_progress(founders)
    for user_id, members in founders.items():
        fresh = [one for one in members if (user_id, one.group_id) not in assigned]
        if fresh and (user_id not in waiting or _first_set_up(fresh) <= now - WAITS_FOR_OTHERS):
            yield _build_assigned(fresh)


def _recent_members(group_ids: frozenset[int] | None, since: datetime) -> QuerySet[Membership]:
    """Return recent memberships in these groups, and those of their people in other groups."""
    after = since - SENT_WITHIN
    recent = Q(joined_at__gt=after) | Q(group__set_up_at__gt=after)
    members = _memberships().filter(recent, step__isnull=True)
    # Of their groups only the times count here; what an e-mail mentions is read when it is sent.
    members = members.select_related(None).select_related("group")
    members = members.annotate(imported=Exists(is_imported("group")), returned=_has_returned("pk"))
    if group_ids is None:
        return members.order_by("pk")
    those = Membership.objects.filter(group__in=group_ids, status=Membership.Status.ACTIVE)
    return members.filter(user__in=those.values("user")).order_by("pk")


def _memberships() -> QuerySet[Membership]:
    return Membership.objects.filter(
        set_up_group("group__"), status=Membership.Status.ACTIVE, user__is_active=True
    ).select_related("group__cohort__course", "user")


def _is_founder(member: Membership) -> bool:
    return member.joined_at <= _set_up_at(member)


def _set_up_at(member: Membership) -> datetime:
    assert member.group.set_up_at is not None  # _memberships filters out others
    return member.group.set_up_at


def _first_set_up(members: Iterable[Membership]) -> datetime:
    return min(_set_up_at(member) for member in members)


def _assigned_so_far(user_ids: Iterable[int]) -> set[tuple[int | None, int | None]]:
    """Return (user, group) for each group that a person's first e-mails are about."""
    found: set[tuple[int | None, int | None]] = set()
    for message in Message.objects.filter(kind=ASSIGNED, user__in=user_ids):
        found |= {(message.user_id, group_id) for group_id in _groups_of(message)}
    return found


def _groups_of(message: Message) -> list[int | None]:
    return message.context.get("groups") or [message.group_id]


def _people_in_progress(user_ids: Iterable[int]) -> set[int]:
    """Return the people who have another group whose realize is under way."""
    asked = GroupSync.objects.filter(group=OuterRef("group"), realize_requested_at__isnull=False)
    members = Membership.objects.filter(
        Exists(asked),
        live_group("group__"),
        user__in=user_ids,
        group__set_up_at=None,
        status=Membership.Status.ACTIVE,
    )
    return set(members.values_list("user", flat=True))


def _build_assigned(members: list[Membership]) -> Message:
    """Return one e-mail about all these groups.  It is stored under the one that was first."""
    first = min(members, key=lambda member: member.group_id)
    due_at = max(_set_up_at(member) for member in members)
    key = f"{ASSIGNED}:{first.group_id}:{first.user_id}"
    groups = sorted(one.group_id for one in members)
    return _build_email(ASSIGNED, key, first, due_at, groups=groups)


def _build_joined(member: Any) -> Message:
    key = _joined_key(member.group_id, member.user_id, member.pk, returned=member.returned)
    return _build_email(JOINED, key, member, member.joined_at, membership=member.pk)


def _has_returned(membership: str) -> Exists:
    """Return, for a query, whether the person had joined the same group before."""
    same = Membership.objects.filter(
        user=OuterRef("user"), group=OuterRef("group"), joined_at__gt=F("group__set_up_at")
    )
    return Exists(same.filter(pk__lt=OuterRef(membership)))


def _was_posted_before() -> Exists:
    """Return, for a query, whether an earlier membership of the person has the first post's key.

    Founders may have one too: those who got access after the welcome.
    """
    group, user = (Cast(OuterRef(name), CharField()) for name in ("group_id", "user_id"))
    key = Concat(Value(f"{JOINED}:"), group, Value(":"), user, Value(":channel"))
    return Exists(Message.objects.filter(key=key, due_at__lt=OuterRef("joined_at")))


def _joined_key(group_id: int, user_id: int, membership: int, *, returned: bool) -> str:
    """Return the key of the e-mail about joining; the post's key begins with it.

    The first time it is the key of version 0.1.0: during an upgrade a worker of that version
    collects the same messages, and another key would have them sent twice.
    """
    key = f"{JOINED}:{group_id}:{user_id}"
    return f"{key}:{membership}" if returned else key


def _build_email(
    kind: str, key: str, member: Membership, due_at: datetime, **context: Any
) -> Message:
    return Message(
        key=key,
        kind=kind,
        channel=Message.Channel.EMAIL,
        group_id=member.group_id,
        user_id=member.user_id,
        due_at=due_at,
        cutoff_at=due_at + SENT_WITHIN,
        context=context,
    )


@notification(ASSIGNED, topic="groups", title="First message about the group")
def assigned_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the long e-mail.  Raises MessageObsolete.

    Three queries for each group and four for all.
    """
    rows = _memberships().filter(group__in=_groups_of(message), user=message.user_id)
    members = list(rows.order_by("group__name", "group"))
    if not members:
        raise MessageObsolete("The person is no longer in the group, or the group has ended.")
    parts = [_part_of(member, now) for member in members]
    ahead = [part["meetings"][0] for part in parts if part["meetings"]]
    return {
        "parts": parts,
        "first": min(ahead, key=lambda meeting: meeting.starts_at, default=None),
        "steps": find_join_steps(members[0].user, now),
    }


def _part_of(member: Membership, now: datetime) -> dict[str, Any]:
    """Return what the e-mail says about one group."""
    return _group_context(member, now) | {
        "group": member.group,
        "members": list_members(member.group),
    }


def _group_context(member: Membership, now: datetime) -> dict[str, Any]:
    scheduled = Meeting.objects.filter(group=member.group_id, status=Meeting.Status.SCHEDULED)
    ahead = list(scheduled.filter(starts_at__gt=now).order_by("starts_at"))
    return {
        "facilitates": member.role == Membership.Role.FACILITATOR,
        "meetings": ahead[:MEETINGS_SHOWN],
        "more_meetings": max(len(ahead) - MEETINGS_SHOWN, 0),
        "channel": _text_channel(member.group),
    }


@notification(JOINED, topic="groups", title="New group for someone on Discord")
def joined_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the short e-mail and of the channel post.

    Raises MessageObsolete.  Six queries.
    """
    member = _memberships().filter(_membership_of(message)).first()
    if member is None:
        raise MessageObsolete("The person is no longer in the group, or the group has ended.")
    return _group_context(member, now) | {
        "member": member.user,
        "steps": find_join_steps(member.user, now) if message.user_id else (),
    }


def _membership_of(message: Message) -> Q:
    """Return the condition for the membership that a message about joining is about."""
    if "membership" in message.context:
        return Q(pk=message.context["membership"])
    # Written by version 0.1.0: there an e-mail names only its reader, and a post the person.
    return Q(group=message.group_id, user=message.user_id or message.context["person"])


def _text_channel(group: Group) -> dict[str, Any] | None:
    """Return the channel's name and URL, once it exists."""
    channel = existing_channels(DiscordObject.Kind.TEXT_CHANNEL).filter(group=group).first()
    return {"name": str(channel), "url": url_of(channel)} if channel else None


# -- in the channel ------------------------------------------------------------------------------


@message_source("arrivals")
def pending_arrivals(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield a channel post for each person who got access after the group's welcome.  Two queries.

    People mentioned in the welcome message are not greeted again when their role is re-granted; a
    welcome that is not sent yet will mention them.
    """
    members = _memberships().filter(active_group("group__"), step__isnull=True)
    if group_ids is not None:
        members = members.filter(group__in=group_ids)
    arrivals = AccessState.objects.filter(
        provider=PROVIDER,
        state=AccessState.State.GRANTED,
        changed_at__gt=since - POSTED_WITHIN,
        user__memberships__group=F("group"),
        user__memberships__in=members.order_by(),
    ).annotate(membership=F("user__memberships"), joined_at=F("user__memberships__joined_at"))
    arrivals = arrivals.annotate(returned=_was_posted_before())
    arrivals = arrivals.select_related("user", "group")
    if not arrivals:
        return
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
    # Plain SQL can activate a group without saying when; then its members were there before.
    activated_at = arrival.group.activated_at
    is_founder = activated_at is None or arrival.joined_at <= activated_at
    if welcome is None:
        return not is_founder
    if welcome.sent_at is None:
        return False
    if mention(arrival.user.discord_id or 0) in welcome.body:
        return arrival.joined_at > welcome.sent_at
    return not is_founder or arrival.changed_at >= welcome.sent_at


def _build_post(arrival: Any) -> Message:
    due_at = max(arrival.joined_at, arrival.changed_at)
    group, user, membership = arrival.group_id, arrival.user_id, arrival.membership
    key = _joined_key(group, user, membership, returned=arrival.returned)
    return Message(
        key=f"{key}:channel",
        kind=JOINED,
        channel=Message.Channel.DISCORD_CHANNEL,
        group_id=arrival.group_id,
        user_id=None,
        due_at=due_at,
        cutoff_at=due_at + POSTED_WITHIN,
        context={"membership": membership, "person": user},  # the person: for version 0.1.0
    )
