"""How the meetings of one group follow its facts.  Pure: rows come in, changed rows go out.

What happens to the row of one number, when the facts say `wanted` for it:

    row                                  wanted                       none (beyond the number)
    -----------------------------------  ---------------------------  -----------------------------
    none                                 written                      -
    in the rhythm, free to follow        rewritten                    set aside; deleted in preview
    set aside, free to follow            back in the rhythm           left
    moved or cancelled by a person       only told its new place      set aside; if cancelled, left
    over, or its new place is over       left                         left
    outside the rhythm (extra, or last)  left                         left

"Free to follow": in preview always, later only while both the row's start and its new place lie
ahead.  "Set aside": cancelled, without a place in the rhythm and without a mark of a person, which
tells it from a meeting that a person cancelled.  Numbers never change.  A group that lost its slot
after preview, or has ended, keeps its meetings.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from cohorts.models import Group
from meetings.models import Meeting
from meetings.rhythm import Place, Rhythm

FOLLOWING = ["starts_at", "duration_minutes", "status", "rhythm_starts_at", "touched_at"]


@dataclass
class Rewrite:
    """What the meetings of one group lack."""

    create: list[Meeting] = field(default_factory=list)
    update: list[Meeting] = field(default_factory=list)
    delete: list[Meeting] = field(default_factory=list)  # set aside where something hangs on it

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)


def find_rewrite(group: Group, rhythm: Rhythm, rows: Collection[Meeting], now: datetime) -> Rewrite:
    """What is to be done to these rows, all of the group's.  Changes rows in place."""
    rewrite = Rewrite()
    in_preview = group.status == Group.Status.PREVIEW
    if not group.has_slot and not in_preview:
        return rewrite
    wanted = rhythm.numbered()
    for row in rows:
        place = wanted.pop(row.number, None)
        is_free = in_preview or (row.starts_at > now and (place is None or place.starts_at > now))
        if not is_free:
            continue
        if place is not None:
            if _bring_into_rhythm(row, place):
                rewrite.update.append(row)
        elif not row.is_cancelled and row.rhythm_starts_at:
            (rewrite.delete if in_preview else rewrite.update).append(_set_aside(row))
    rewrite.create = [_new(group, number, place) for number, place in wanted.items()]
    return rewrite


def _new(group: Group, number: int, place: Place) -> Meeting:
    return Meeting(
        group=group,
        number=number,
        starts_at=place.starts_at,
        rhythm_starts_at=place.starts_at,
        duration_minutes=place.minutes,
    )


def _bring_into_rhythm(row: Meeting, place: Place) -> bool:
    """Let a row follow as far as it may; return whether that changed it."""
    before = _values(row)
    if is_set_aside(row) or follows_rhythm(row):
        row.starts_at = row.rhythm_starts_at = place.starts_at
        row.duration_minutes = place.minutes
        row.status, row.touched_at = Meeting.Status.SCHEDULED, None
    elif row.rhythm_starts_at:
        row.rhythm_starts_at = place.starts_at
    return _values(row) != before


def _set_aside(row: Meeting) -> Meeting:
    row.status, row.rhythm_starts_at, row.touched_at = Meeting.Status.CANCELLED, None, None
    return row


def _values(row: Meeting) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in FOLLOWING)


def follows_rhythm(meeting: Meeting) -> bool:
    """Whether nobody moved or cancelled it.

    A meeting that stands elsewhere than its rhythm was moved, whether or not whoever did it (plain
    SQL, say) set `touched_at`.
    """
    return (
        meeting.touched_at is None
        and not meeting.is_cancelled
        and meeting.starts_at == meeting.rhythm_starts_at
    )


def is_set_aside(meeting: Meeting) -> bool:
    """Whether it was cancelled for being beyond the number of meetings."""
    return meeting.is_cancelled and meeting.rhythm_starts_at is None and meeting.touched_at is None
