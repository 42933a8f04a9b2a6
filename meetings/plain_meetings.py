"""Meetings as plain values, for pages and rules that read those of whole cohorts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q

from meetings.models import Meeting, current_answer, was_moved_late
from meetings.rhythm import name_anchor, name_meeting

LEAST_SEEN = 2  # people: one alone may have waited for the others


class PlainMeeting(NamedTuple):
    """A meeting. `held` is `Meeting.held_answer`; `was_moved_late`: after it should have begun.

    `group_ended_at`: None if the group is live. `seen` counts the people who were there, guests
    included, where the attendance ledger has read them.
    """

    id: int
    group_id: int
    number: int | None
    starts_at: datetime
    minutes: int
    is_cancelled: bool = False
    cohort_id: int = 0
    held: str = ""
    group_ended_at: datetime | None = None
    was_moved_late: bool = False
    seen: int = 0

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def label(self) -> str:
        return name_meeting(self.number)

    @property
    def anchor(self) -> str:
        return name_anchor(self.id, self.number)

    @property
    def is_in_question(self) -> bool:
        """Return whether someone has to say whether it was held."""
        return self.seen < LEAST_SEEN and not self.held


def read_plain_meetings(which: Q) -> list[PlainMeeting]:
    """Return these meetings by start. One query."""
    columns = ("pk", "group", "number", "starts_at", "duration_minutes", "status")
    more = ("group__cohort", "was_held", "was_held_at", "group__ended_at")
    rows = Meeting.objects.filter(which).order_by("starts_at", "pk")
    return [
        PlainMeeting(
            pk,
            group,
            number,
            starts_at,
            minutes,
            status == Meeting.Status.CANCELLED,
            cohort,
            current_answer(said, said_at, starts_at),
            end,
            late,
        )
        for pk, group, number, starts_at, minutes, status, cohort, said, said_at, end, late in (
            rows.values_list(*columns, *more, was_moved_late())
        )
    ]
