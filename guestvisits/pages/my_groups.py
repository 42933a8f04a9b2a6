"""Data for the page "my groups": this week's meetings, who was at the last ones, the groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.models import Group
from guestvisits.pages.expected_people import RosterEntry
from guestvisits.pages.group_page import MeetingRow, Presence, Rsvp, meetings_of, read_rows
from meetings.models import Meeting
from meetings.registries import Venue, find_venues
from meetings.selectors import groups_facilitated

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PeopleList:
    """People of a meeting who have something in common, which the title names."""

    title: str
    people: tuple[RosterEntry, ...]


@dataclass(frozen=True, slots=True)
class WeekRow:
    """A meeting of this or the last week. `lists` are its people by RSVP, or by presence once it
    has begun, without empty lists."""

    row: MeetingRow
    lists: tuple[PeopleList, ...]
    venue: Venue | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group and its next meeting, which may be running; None if all are over."""

    group: Group
    next: MeetingRow | None
    is_this_week: bool


@dataclass(frozen=True, slots=True)
class MyGroups:
    this_week: tuple[WeekRow, ...]
    last_week: tuple[WeekRow, ...]
    groups: tuple[GroupRow, ...]


def read_my_groups(user_id: int, now: datetime) -> MyGroups:
    """Return the groups that a person facilitates, and their meetings around now.

    At most nine queries for any number of groups.
    """
    groups = groups_facilitated(user_id)
    meetings = meetings_of(groups)
    first = _first_meetings(meetings, now)
    near = [meeting for meeting in meetings if _is_near(meeting, now)]
    others = [meeting for meeting in first.values() if meeting not in near]
    rows = {row.meeting.pk: row for row in read_rows([*near, *others], now)}
    venues = find_venues([group.pk for group in groups])
    week = [_week_row(rows[meeting.pk], venues.get(meeting.group_id)) for meeting in near]
    return MyGroups(
        this_week=tuple(each for each in week if not each.row.is_over),
        last_week=tuple(each for each in week if each.row.is_over),
        groups=tuple(_group_row(group, first.get(group.pk), rows, near) for group in groups),
    )


def _first_meetings(meetings: Iterable[Meeting], now: datetime) -> dict[int, Meeting]:
    first: dict[int, Meeting] = {}
    for meeting in meetings:
        if meeting.ends_at > now and not meeting.is_cancelled:
            first.setdefault(meeting.group_id, meeting)
    return first


def _is_near(meeting: Meeting, now: datetime) -> bool:
    """Return whether a meeting ends within a week, or ended within the last one and was held.

    So a weekly meeting is one of this week, and one of the last week, at any time.
    """
    if meeting.ends_at > now:
        return meeting.ends_at <= now + WEEK
    return meeting.ends_at > now - WEEK and not meeting.is_cancelled


def _week_row(row: MeetingRow, venue: Venue | None) -> WeekRow:
    lists = _by_presence(row) if row.is_held else _by_answer(row.people)
    return WeekRow(row, tuple(each for each in lists if each.people), venue)


def _group_row(
    group: Group, first: Meeting | None, rows: dict[int, MeetingRow], near: list[Meeting]
) -> GroupRow:
    return GroupRow(group, rows[first.pk] if first else None, is_this_week=first in near)


def _by_answer(people: Iterable[RosterEntry]) -> Iterable[PeopleList]:
    members = [line for line in people if not line.is_guest]
    here = [line for line in members if line.is_expected]
    yield _list("coming", (line for line in here if line.rsvp == Rsvp.ATTENDING))
    yield _list("maybe", (line for line in here if line.rsvp == Rsvp.TENTATIVE))
    yield _list("away", (line for line in members if not line.is_expected))
    yield _list("no answer", (line for line in here if line.rsvp == Rsvp.PENDING))
    guests = _list("guests", (line for line in people if line.is_guest and line.is_expected))
    yield guests if len(guests.people) != 1 else PeopleList("guest", guests.people)


def _by_presence(row: MeetingRow) -> Iterable[PeopleList]:
    here = [line for line in row.people if not line.was_elsewhere]
    unknown = "not known" if row.is_over else "not seen yet"
    yield _list("there", (line for line in here if line.was_there))
    yield _list("with another group", (line for line in row.people if line.was_elsewhere))
    yield _list("not there", (line for line in here if line.presence == Presence.ABSENT))
    yield _list(unknown, (line for line in here if line.presence == Presence.UNKNOWN))


def _list(title: str, people: Iterable[RosterEntry]) -> PeopleList:
    return PeopleList(title, tuple(people))
