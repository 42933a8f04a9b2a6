"""Public holidays and clock changes that fall on a cohort's meetings, for staff."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from cohorts.countries import find_holidays
from cohorts.models import Cohort, Group, Membership, live_group
from cohorts.selectors import group_by
from cohorts.words import name_date, name_when
from cohorts.zones import city_of, find_zone, known_zone
from meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class CalendarNotes:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


def find_calendar_notes(cohort: Cohort, now: datetime) -> list[CalendarNotes]:
    """Return the notes on meetings that are ahead, without empty ones. Three queries."""
    groups = list(Group.objects.filter(live_group(), cohort=cohort).order_by("name", "pk"))
    ahead = Meeting.objects.filter(
        group__in=groups, starts_at__gt=now, status=Meeting.Status.SCHEDULED
    )
    rows = group_by(ahead.order_by("starts_at", "pk"), lambda row: row.group_id)
    zones: dict[int, set[str]] = defaultdict(set)
    members = Membership.objects.filter(group__in=groups, status=Membership.Status.ACTIVE)
    for group_id, zone in members.values_list("group", "user__timezone"):
        zones[group_id].add(known_zone(zone))
    notes = [
        CalendarNotes("Public holidays", tuple(_holiday_lines(cohort.country, groups, rows))),
        CalendarNotes(
            "Clock changes",
            tuple(
                f"{group}: {line}"
                for group in groups
                for line in describe_clock_changes(rows[group.pk], group.timezone, zones[group.pk])
            ),
        ),
    ]
    return [note for note in notes if note.lines]


def _holiday_lines(
    country: str, groups: Iterable[Group], rows: Mapping[int, Collection[Meeting]]
) -> Iterator[str]:
    """Yield one line for each holiday, by the date on each group's own clock."""
    found: dict[date, list[str]] = defaultdict(list)
    for group in groups:
        for row in rows[group.pk]:
            day = row.starts_at.astimezone(find_zone(group.timezone)).date()
            found[day].append(f"{group} ({row.label})")
    if not (country and found):
        return
    for day, name in find_holidays(country, min(found), max(found)).items():
        if day in found:
            yield f"{day:%A} {name_date(day)}, {name}: {', '.join(found[day])}"


def describe_clock_changes(
    rows: Collection[Meeting], zone: str, others: Collection[str]
) -> Iterator[str]:
    """Yield a line for each two consecutive meetings between which clocks change in some zones by
    another amount than in others, with the local times before and after. The group keeps its own
    wall time, so otherwise nobody's changes. `rows` are in the sequence of their starts."""
    zones = sorted({known_zone(zone), *others}, key=lambda name: (name != known_zone(zone), name))
    for before, after in pairwise(rows):
        shifts = {name: _offset(after, name) - _offset(before, name) for name in zones}
        if len(set(shifts.values())) > 1:
            changed = [name for name, shift in shifts.items() if shift]
            times = "; ".join(
                f"{city_of(name)} {_clock(before, name)} → {_clock(after, name)}" for name in zones
            )
            yield (
                f"clocks change in {', '.join(map(city_of, changed))} before {after.label}, "
                f"{name_when(after.starts_at, zone)}. Local times before and after: {times}"
            )


def _offset(row: Meeting, zone: str) -> timedelta:
    return row.starts_at.astimezone(find_zone(zone)).utcoffset() or timedelta()


def _clock(row: Meeting, zone: str) -> str:
    return f"{row.starts_at.astimezone(find_zone(zone)):%H:%M}"
