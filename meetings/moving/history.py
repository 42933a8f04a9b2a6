"""Recording moves, so that messages about them can be sent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from cohorts.models import set_up_group
from meetings.meeting_times import MeetingTime, span_of
from meetings.models import Meeting, MeetingChange, MeetingMove
from meetings.moving.types import Change


def record_move(
    group_id: int,
    kind: str,
    changes: Iterable[Change],
    *,
    by: int | None,
    now: datetime,
    reason: str = "",
    step_id: int | None = None,
) -> MeetingMove:
    """Record one move of one group. Each change must have a meeting id."""
    move = MeetingMove.objects.create(
        group_id=group_id, kind=kind, at=now, by_id=by, reason=reason, step_id=step_id
    )
    MeetingChange.objects.bulk_create(_row(move, change) for change in changes)
    return move


def _row(move: MeetingMove, change: Change) -> MeetingChange:
    assert change.meeting_id is not None
    return MeetingChange(
        move=move,
        meeting_id=change.meeting_id,
        start_before=_start(change.before),
        minutes_before=_minutes(change.before),
        start_after=_start(change.after),
        minutes_after=_minutes(change.after),
    )


def _start(span: MeetingTime | None) -> datetime | None:
    return span.starts_at if span else None


def _minutes(span: MeetingTime | None) -> int | None:
    return span.minutes if span else None


def read_meetings(group_ids: Iterable[int]) -> dict[int, list[Meeting]]:
    """Return the meetings of those among these groups that are set up, by group id. One query."""
    held: dict[int, list[Meeting]] = defaultdict(list)
    rows = Meeting.objects.filter(set_up_group("group__"), group__in=set(group_ids))
    for row in rows.order_by("number", "pk"):
        held[row.group_id].append(row)
    return held


def record_derived(before: Mapping[int, Iterable[Meeting]], now: datetime) -> None:
    """Record how these meetings have changed since, after a change of their group or cohort.

    For a group that had no meetings before, nothing is recorded: no one needs a message.
    """
    after = read_meetings(before)
    for group_id, rows in before.items():
        changes = list(_compare(rows, after[group_id]))
        if changes:
            record_move(group_id, MeetingMove.Kind.FOLLOWED, changes, by=None, now=now)


def _compare(before: Iterable[Meeting], after: Iterable[Meeting]) -> Iterator[Change]:
    held = {row.pk: span_of(row) for row in before}
    for row in after:
        change = Change(row.pk, row.number, held.get(row.pk), span_of(row))
        if change.before != change.after:
            yield change
