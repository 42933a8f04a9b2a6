"""Recording moves, so that messages about them can be sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cohorts.models import set_up_group
from cohorts.selectors import group_by
from meetings.models import Meeting, MeetingChange, MeetingMove
from meetings.moving.types import Change, find_changes


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
    before, after = change.before, change.after
    return MeetingChange(
        move=move,
        meeting_id=change.meeting_id,
        start_before=before.starts_at if before else None,
        minutes_before=before.minutes if before else None,
        start_after=after.starts_at if after else None,
        minutes_after=after.minutes if after else None,
    )


def read_meetings(group_ids: Iterable[int]) -> dict[int, list[Meeting]]:
    """Return the meetings of those among these groups that are set up, by group id. One query."""
    rows = Meeting.objects.filter(set_up_group("group__"), group__in=set(group_ids))
    return group_by(rows.order_by("number", "pk"), lambda row: row.group_id)


def record_derived(before: Mapping[int, Iterable[Meeting]], now: datetime) -> None:
    """Record how these meetings have changed since, after a change of their group or cohort.

    For a group that had no meetings before, nothing is recorded: no one needs a message.
    """
    after = read_meetings(before)
    for group_id, rows in before.items():
        changes = find_changes(rows, after[group_id])
        if changes:
            record_move(group_id, MeetingMove.Kind.FOLLOWED, changes, by=None, now=now)
