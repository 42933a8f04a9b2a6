"""Reminders to people who have not joined.  `reminder_times` decides when, `states` who they are.

They go by e-mail: people who are not in the server cannot get direct messages.  There is at most
one per person and day, whether the time or staff asked for it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from cohorts.models import Cohort, Membership, User, set_up_group
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from cohorts.outbox.rendering.links import page_url
from cohorts.outbox.routing.routes import DeliveryRequest, find_routes
from cohorts.outbox.templatetags.message_tags import in_zone
from cohorts.steps.letters import fill_letter
from cohorts.steps.messages import split_links
from cohorts.words import count, one_line
from cohorts.zones import find_zone
from discordsync.joining.reminder_times import SENT_WITHIN, Invitation, JoinReminder, plan_reminders
from discordsync.joining.states import find_states, find_steps, is_server_read, not_inside
from meetings.models import Meeting

JOIN_REMINDER = "join_reminder"
LOOK_BACK = timedelta(days=7)  # a late joiner's reminder is due within 4 days
COUNTED = (*UNSENT, Message.State.SENT, Message.State.UNSURE)


@dataclass(frozen=True, slots=True)
class NotJoined:
    """A member who has not joined, or may not have, in one cohort.

    `group_id` is the group that meets first.
    """

    person: User
    cohort: Cohort
    group_id: int
    invitation: Invitation


def find_not_joined(members: QuerySet[Membership]) -> list[NotJoined]:
    """Return the people of these memberships who are not known to have joined, in each cohort.

    Two queries for any number of them.
    """
    found: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for member in members.select_related("user", "group__cohort").order_by("user__name", "pk"):
        found[member.user_id, member.cohort_id].append(member)
    if not found:
        return []
    people = {row.user_id: row.user for rows in found.values() for row in rows}
    states = find_states(people.values())
    joined = {pk for pk, state in states.items() if not state.is_missing}
    return [_not_joined(rows) for (user, _), rows in found.items() if user not in joined]


def invited_members() -> QuerySet[Any]:
    """Return members of groups that are set up whom nothing shows to be in the server, with the
    time of their first message and of their group's first meeting.  Groups without a meeting are
    left out."""
    scheduled = Meeting.objects.filter(group=OuterRef("group"), status=Meeting.Status.SCHEDULED)
    first = scheduled.order_by().values("group").annotate(at=Min("starts_at")).values("at")
    members = Membership.objects.filter(
        set_up_group("group__"),
        not_inside("user"),
        status=Membership.Status.ACTIVE,
        user__is_active=True,
    ).annotate(
        invited_at=Greatest("group__set_up_at", "joined_at"), first_meeting_at=Subquery(first)
    )
    return members.filter(first_meeting_at__isnull=False)


def _not_joined(rows: list[Any]) -> NotJoined:
    """Combine the memberships of one person in one cohort."""
    first = min(rows, key=lambda row: (row.first_meeting_at, row.pk))
    cohort = first.group.cohort
    invited_at = min(row.invited_at for row in rows)
    invitation = Invitation(invited_at, first.first_meeting_at, cohort.join_days)
    return NotJoined(first.user, cohort, first.group_id, invitation)


def find_reminders(
    people: Collection[NotJoined],
) -> dict[int, list[tuple[NotJoined, JoinReminder]]]:
    """Return all reminders of each person, past ones too, by id.  One query."""
    mine: dict[int, list[NotJoined]] = defaultdict(list)
    for one in people:
        mine[one.person.pk].append(one)
    sent = read_reminded(mine)
    plans: dict[int, list[tuple[NotJoined, JoinReminder]]] = {}
    for user_id, rows in mine.items():
        by_invitation = {row.invitation: row for row in rows}
        zone = find_zone(rows[0].person.timezone)
        planned = plan_reminders(list(by_invitation), zone, sent.get(user_id, ()))
        plans[user_id] = [(by_invitation[one.invitation], one) for one in planned]
    return plans


def read_reminded(user_ids: Iterable[int]) -> Mapping[int, list[datetime]]:
    """Return when each person's reminders became due, except those that were not sent."""
    found: dict[int, list[datetime]] = defaultdict(list)
    rows = Message.objects.filter(kind=JOIN_REMINDER, user__in=user_ids, state__in=COUNTED)
    for user_id, due_at in rows.order_by("due_at").values_list("user", "due_at"):
        if user_id is not None:
            found[user_id].append(due_at)
    return found


# -- pending messages ----------------------------------------------------------------------------


@message_source("join reminders")
def pending_join_reminders(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending reminders, none while the server could not be read for an hour.

    People without an address, and those who turned these messages off, are left to staff.  Up to
    seven queries for any number of people.
    """
    if not is_server_read(now):
        return
    members = invited_members().filter(
        Q(first_meeting_at__gt=since) | Q(invited_at__gt=since - LOOK_BACK),
        user__email__isnull=False,
    )
    if group_ids is not None:
        those = Membership.objects.filter(group__in=group_ids, status=Membership.Status.ACTIVE)
        members = members.filter(user__in=those.values("user"))
    people = find_not_joined(members)
    if not people:
        return
    due = [
        build_reminder(one, reminder.due_at, reminder.cutoff_at)
        for rows in find_reminders(people).values()
        for one, reminder in rows
        if reminder.due_at <= now and since < reminder.cutoff_at
    ]
    reachable = find_reachable([message.user_id or 0 for message in due], now)
    yield from (message for message in due if message.user_id in reachable)


def find_reachable(user_ids: Collection[int], now: datetime) -> set[int]:
    """Return the people who have an address and want these messages."""
    requests = {pk: DeliveryRequest(pk, JOIN_REMINDER) for pk in user_ids}
    routes = find_routes(set(requests.values()), now)
    return {pk for pk, request in requests.items() if routes[request].channel}


def build_reminder(one: NotJoined, due_at: datetime, cutoff_at: datetime) -> Message:
    return Message(
        key=f"{JOIN_REMINDER}:{one.person.pk}:{due_at:%Y-%m-%d}",
        kind=JOIN_REMINDER,
        channel=Message.Channel.EMAIL,
        group_id=one.group_id,
        user_id=one.person.pk,
        due_at=due_at,
        cutoff_at=cutoff_at,
    )


def build_now(one: NotJoined, letter: str, now: datetime) -> Message:
    """Return the reminder that staff send today. `letter`: its text, if they edited it."""
    reminder = build_reminder(one, now, now + SENT_WITHIN)
    reminder.context = {"letter": letter} if letter else {}
    return reminder


# -- message text --------------------------------------------------------------------------------


@notification(JOIN_REMINDER, topic="reminders", title="Reminder to join Discord")
def join_reminder_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context.  Raises MessageObsolete."""
    members = Membership.objects.filter(
        set_up_group("group__"),
        user=message.user_id,
        group=message.group_id,
        status=Membership.Status.ACTIVE,
    )
    member = members.select_related("user", "group").first()
    if member is None:
        raise MessageObsolete("The person is no longer in the group, or the group has ended.")
    meetings = Meeting.objects.filter(group=member.group_id, status=Meeting.Status.SCHEDULED)
    upcoming = meetings.filter(starts_at__gt=now).order_by("starts_at").first()
    if upcoming is None:
        raise MessageObsolete("All meetings are over.")
    if not is_server_read(now):
        raise MessageObsolete("The Discord server could not be read, so the person may be there.")
    steps = tuple(find_steps(member.user, now))
    if not steps:
        raise MessageObsolete("The person has joined.")
    missed = meetings.filter(starts_at__gt=member.joined_at, starts_at__lte=now)
    context = {
        "next": upcoming,
        "is_first": not missed.exists(),
        "steps": steps,
    }
    letter = message.context.get("letter")
    if letter:
        subject, lines = fill_letter(letter, _values(member, context))
        context |= {"subject": subject, "lines": split_links(lines)}
    return context


# What staff edit before they send a reminder; the templates of the kind say the same.
DEFAULT_LETTER = """\
You're in {group}: {count} before your {meeting} meeting
{when}, your time.

{steps}

Can't make a week? Join another group for it: {meetings}"""
PLACEHOLDERS = {
    "name": "the reader's name",
    "group": "their group",
    "count": "how many steps are left, such as “2 steps”",
    "steps": "these steps with their links",
    "meeting": "“first” or “next”",
    "when": "the time of that meeting, in the reader's zone",
    "meetings": "the address of “My meetings”",
}


def _values(member: Membership, context: Mapping[str, Any]) -> dict[str, str]:
    steps = context["steps"]
    numbered = (f"{n}. {step.label}: {step.url}" for n, step in enumerate(steps, start=1))
    return {
        "name": one_line(member.user.display_name),
        "group": one_line(member.group.name),
        "count": count(len(steps), "step"),
        "steps": "\n".join(numbered),
        "meeting": "first" if context["is_first"] else "next",
        "when": in_zone(context["next"].starts_at, member.user.timezone),
        "meetings": page_url("my-meetings"),
    }
