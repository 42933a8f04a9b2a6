"""Messages about moved and cancelled meetings: everyone concerned gets one message per move.

Of several moves of the same meeting only the last is reported, relative to the time that the reader
last knew:

    Tuesday 10:00  ──moved──>  11:00  ──moved──>  15:00
    neither sent yet           (stale)            "15:00 (before: 10:00)"
    the first was sent         "11:00"            "15:00 (before: 11:00)"
    moved back to 10:00 before anything was sent  nothing is sent

Guests whose visit the move ended get the message about that visit instead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from cohorts.models import Membership, set_up_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    MessageObsolete,
    Topic,
    first_event,
    message_source,
    notification,
    topics,
)
from cohorts.selectors import group_by
from cohorts.steps.messages import letter_key, post_key
from meetings.messages.active import check_set_up
from meetings.models import Attendance, Meeting, MeetingChange, MeetingMove

MOVED, CANCELLED = "meeting_moved", "meeting_cancelled"
LOOK_BACK = timedelta(days=14)  # of one group; older moves are not reported
CHANNEL = "channel"

topics.register(
    Topic(
        "changes",
        "Meeting changes",
        "When one of your meetings is moved, added or cancelled.",
        may_be_off=False,
    ),
    order=20,
)


# -- pending messages ----------------------------------------------------------------------------


@message_source("meeting changes")
def pending_changes(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending messages about recent moves. Four queries for any number of moves.

    Moves made before a group was set up are left out, since no one was sent its times yet; so are
    those of a cohort step, whose letter tells people of them. Nobody sees a channel before the
    group is active, so until then there is no post.
    """
    moves = list(_recent_moves(group_ids, since, now))
    if not moves:
        return
    concerned = _Recipients(moves)
    for move in moves:
        for kind, changes in _by_kind(move).items():
            cutoff_at = max(_last_moment(change) for change in changes)
            if move.group.activated_at and move.group.activated_at <= move.at:
                yield _build_message(move, kind, cutoff_at, None)
            for user_id in concerned.by(move, changes):
                yield _build_message(move, kind, cutoff_at, user_id)


def _recent_moves(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> QuerySet[MeetingMove]:
    moves = MeetingMove.objects.filter(
        set_up_group("group__"),
        at__gte=F("group__set_up_at"),
        step__isnull=True,
        at__gt=first_event(group_ids, since, LOOK_BACK),
        at__lte=now,
    )
    if group_ids is not None:
        moves = moves.filter(group__in=group_ids)
    return moves.select_related("group").prefetch_related("changes").order_by("pk")


def _by_kind(move: MeetingMove) -> dict[str, list[MeetingChange]]:
    """Group a move's changes by message kind: meetings with a new time, and cancelled ones."""
    return group_by(move.changes.all(), _kind_of)


def _kind_of(change: MeetingChange) -> str:
    return MOVED if change.start_after else CANCELLED


def _last_moment(change: MeetingChange) -> datetime:
    return max(start for start in (change.start_before, change.start_after) if start)


class _Recipients:
    """The people concerned by moves: members since before, and guests who keep their visit.

    People with a closed account are left out.
    """

    def __init__(self, moves: Iterable[MeetingMove]) -> None:
        members = Membership.objects.filter(
            group__in={move.group_id for move in moves},
            status=Membership.Status.ACTIVE,
            user__is_active=True,
        )
        guests = Attendance.objects.filter(
            meeting__changes__move__in=moves,
            is_guest=True,
            rsvp_at__isnull=False,
            user__is_active=True,
        ).exclude(rsvp=Attendance.Rsvp.NOT_ATTENDING)
        self.members = group_by(members, lambda member: member.group_id)
        self.guests = group_by(guests.distinct(), lambda guest: guest.meeting_id)

    def by(self, move: MeetingMove, changes: Iterable[MeetingChange]) -> list[int]:
        """Return user ids. People who joined or booked after the move only know the new times."""
        people = {
            member.user_id for member in self.members[move.group_id] if member.joined_at <= move.at
        }
        people |= {
            guest.user_id
            for change in changes
            for guest in self.guests[change.meeting_id]
            if guest.rsvp_at and guest.rsvp_at <= move.at
        }
        return sorted(people)


def _build_message(
    move: MeetingMove, kind: str, cutoff_at: datetime, user_id: int | None
) -> Message:
    return Message(
        key=_key(kind, move.pk, user_id),
        kind=kind,
        channel=Message.Channel.EMAIL if user_id else Message.Channel.DISCORD_CHANNEL,
        group_id=move.group_id,
        user_id=user_id,
        due_at=move.at,
        cutoff_at=cutoff_at,
        context={"move": move.pk},
    )


def _key_of(change: MeetingChange, message: Message) -> str:
    """Return the key of the message that tells the same reader of a change."""
    step_id = change.move.step_id
    if step_id is None:
        return _key(_kind_of(change), change.move_id, message.user_id)
    if message.user_id is None:
        return post_key(step_id, change.move.group_id)
    return letter_key(step_id, message.user_id)


def _key(kind: str, move_id: int, user_id: int | None) -> str:
    return f"{kind}:{move_id}:{user_id or CHANNEL}"


# -- message text --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChangedMeeting:
    """The news about one meeting: when the reader expects it to be held, and when it is.

    None means that it is not held. `declined`: the reader has answered that they can't attend.
    """

    meeting: Meeting
    before: datetime | None
    after: datetime | None
    declined: bool


@notification(MOVED, topic="changes", title="Meeting moved")
@notification(CANCELLED, topic="changes", title="Meeting cancelled")
def changes_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context for both kinds. Raises MessageObsolete."""
    move = MeetingMove.objects.select_related("group__cohort__course").get(
        pk=message.context["move"]
    )
    check_set_up(move.group)
    since = _knows_since(message, move)
    changes = [change for change in move.changes.all() if _kind_of(change) == message.kind]
    lines = [line for change in changes if (line := _describe_change(change, message, since, now))]
    if not lines:
        raise MessageObsolete(
            "The meetings were changed again, are over, or this is known already."
        )
    lines.sort(key=lambda line: line.after or line.before or now)
    return {
        "lines": lines,
        "only": lines[0] if len(lines) == 1 else None,
        "what": _what(move, lines),
        "reason": move.reason,
    }


def _what(move: MeetingMove, lines: list[ChangedMeeting]) -> str:
    """Classify what happened: slot, back, more or moved."""
    if move.kind == MeetingMove.Kind.SLOT:
        return "slot"
    if any(line.before for line in lines):
        return "moved"
    return "back" if move.kind == MeetingMove.Kind.RESTORE else "more"


def _knows_since(message: Message, move: MeetingMove) -> datetime | None:
    """Return since when the reader knows the group's times.

    None: from the start. Raises MessageObsolete if the move no longer concerns the reader.
    """
    if message.user_id is None:
        return move.group.activated_at
    begun = move.group.set_up_at
    member = Membership.objects.filter(
        user=message.user_id, group=move.group_id, status=Membership.Status.ACTIVE
    ).first()
    if member is not None:
        return max(filter(None, [begun, member.joined_at]))
    guest = Attendance.objects.filter(
        user=message.user_id, meeting__changes__move=move, is_guest=True
    ).first()
    if guest is None:
        raise MessageObsolete("The person is no longer a member or guest.")
    return guest.rsvp_at or begun


def _describe_change(
    change: MeetingChange, message: Message, since: datetime | None, now: datetime
) -> ChangedMeeting | None:
    """Return what this change means to the reader, or None if it is superseded, known, or over."""
    chain = list(
        MeetingChange.objects.filter(meeting=change.meeting_id)
        .select_related("move", "meeting")
        .order_by("pk")
    )
    meeting = chain[-1].meeting
    held_at = None if meeting.is_cancelled else meeting.starts_at
    if chain[-1].pk != change.pk or held_at != change.start_after:
        return None
    known = _known_before(chain, _known_moves(message, chain, since))
    after = (change.start_after, change.minutes_after)
    is_over = (change.start_after or known[0] or now) <= now
    if known == after or is_over:
        return None
    return ChangedMeeting(meeting, known[0], change.start_after, _has_declined(message, meeting))


def _has_declined(message: Message, meeting: Meeting) -> bool:
    return Attendance.objects.filter(
        meeting=meeting, user=message.user_id, rsvp=Attendance.Rsvp.NOT_ATTENDING
    ).exists()


def _known_before(
    chain: list[MeetingChange], known_moves: set[int]
) -> tuple[datetime | None, int | None]:
    """Return start and length as the reader knows them before the last of these changes."""
    for change in reversed(chain[:-1]):
        if change.move_id in known_moves:
            return change.start_after, change.minutes_after
    return chain[0].start_before, chain[0].minutes_before


def _known_moves(
    message: Message, chain: Iterable[MeetingChange], since: datetime | None
) -> set[int]:
    """Return the moves the reader knows of: those sent to them, and those before `since`."""
    keys = {_key_of(c, message): c.move_id for c in chain}
    sent = Message.objects.filter(
        key__in=keys, state__in=[Message.State.SENT, Message.State.SENDING]
    )
    known_moves = {keys[key] for key in sent.values_list("key", flat=True)}
    return known_moves | {c.move_id for c in chain if since and c.move.at < since}
