"""The meetings of a cohort: a row for each group, a column for each week."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from cohorts.models import Cohort, Group
from cohorts.words import name_dates
from cohorts.zones import city_of, find_zone, known_zone
from lens.charts.stacked_bars import BarChart
from lens.desk.cohort_page.charts import chart_answers
from meetings.attendance.statistics import count_answers, count_guests
from meetings.models import Attendance, Meeting
from meetings.rhythm import Days
from meetings.selectors import read_breaks

CELLS = 400  # on one page
Rsvp = Attendance.Rsvp


@dataclass(frozen=True, slots=True)
class CalendarCell:
    """A meeting in words.  `there`: the time on the group's own clock if that differs."""

    id: int
    when: str
    there: str
    notes: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A group's meetings: one list for each week, and last those that belong to no week."""

    group: Group
    zone: str
    weeks: tuple[tuple[str, tuple[CalendarCell, ...]], ...]


@dataclass(frozen=True, slots=True)
class CohortCalendar:
    columns: tuple[str, ...]
    rows: tuple[CalendarRow, ...]
    breaks: tuple[str, ...]
    chart: BarChart | None  # of the answers


def groups_per_page(cohort: Cohort) -> int:
    return max(5, CELLS // cohort.number_of_meetings)


def read_calendar(
    cohort: Cohort, groups: Sequence[Group], zone: tzinfo, members: Mapping[int, Sequence[Any]]
) -> CohortCalendar:
    """Return the meetings of these groups of one cohort, with their members.  Four queries."""
    breaks = read_breaks([cohort.pk])[cohort.pk]
    meetings = list(Meeting.objects.filter(group__in=groups).order_by("starts_at", "pk"))
    ids = [meeting.pk for meeting in meetings]
    answers, guests = count_answers(ids), count_guests(ids)
    last = max((m.number or 0 for m in meetings), default=0)
    numbers: list[int | None] = [*range(1, max(last, cohort.number_of_meetings) + 1)]
    numbers += [None] if any(m.number is None for m in meetings) else []
    cells: dict[tuple[int, int | None], list[CalendarCell]] = defaultdict(list)
    by_id = {group.pk: group for group in groups}
    for meeting in meetings:
        notes = [*_states(meeting, by_id[meeting.group_id], breaks)]
        notes += [] if meeting.is_cancelled else _answers(meeting.pk, answers, guests)
        cell = _cell(meeting, by_id[meeting.group_id], zone, ", ".join(notes))
        cells[meeting.group_id, meeting.number].append(cell)
    columns = tuple(f"Week {number}" if number else "Extra" for number in numbers)
    rows = [
        CalendarRow(
            group,
            city_of(known_zone(group.timezone)),
            tuple(
                (column, tuple(cells[group.pk, number]))
                for column, number in zip(columns, numbers, strict=True)
            ),
        )
        for group in groups
    ]
    held = [(m.pk, m.group_id, m.number) for m in meetings if m.number and not m.is_cancelled]
    chart = chart_answers(held, answers, {pk: len(found) for pk, found in members.items()})
    return CohortCalendar(columns, tuple(rows), tuple(map(describe_break, breaks)), chart)


def _states(meeting: Meeting, group: Group, breaks: Iterable[Days]) -> Iterable[str]:
    """Return what is not usual about a meeting."""
    usual = meeting.rhythm_starts_at or meeting.starts_at
    if meeting.is_cancelled:
        is_dropped = any(one.drop and one.holds(usual, group.timezone) for one in breaks)
        return ["dropped for a break" if is_dropped else "cancelled"]
    return ["moved"] if meeting.number and meeting.rhythm_starts_at != meeting.starts_at else []


def _answers(
    meeting_id: int, answers: Mapping[tuple[int, str], int], guests: Counter[int]
) -> Iterable[str]:
    counted = (
        (answers[meeting_id, Rsvp.ATTENDING], "coming"),
        (answers[meeting_id, Rsvp.NOT_ATTENDING], "away"),
        (guests[meeting_id], "guest" if guests[meeting_id] == 1 else "guests"),
    )
    return [f"{number} {what}" for number, what in counted if number]


def _cell(meeting: Meeting, group: Group, zone: tzinfo, notes: str) -> CalendarCell:
    here = meeting.starts_at.astimezone(zone)
    there = meeting.starts_at.astimezone(find_zone(group.timezone))
    same = here.utcoffset() == there.utcoffset()
    when = f"{here:%a} {here.day} {here:%b}, {here:%H:%M}"
    far = "" if same else f"{there:%a %H:%M}"
    return CalendarCell(meeting.pk, when, far, notes, meeting.is_cancelled)


def describe_break(days: Days) -> str:
    """Return "21 December – 3 January: later meetings are pushed back"."""
    what = "the meetings are dropped" if days.drop else "later meetings are pushed back"
    return f"{name_dates(days.first, days.last)}: {what}"
