"""This week's meetings, day by day on the reader's clock, with the people by their answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from itertools import groupby
from urllib.parse import quote

from cohorts.models import Group
from cohorts.needs.addresses import address_of
from cohorts.needs.open_cohorts import DeskMember, OpenCohorts
from cohorts.zones import find_zone, known_zone
from guestvisits.substitutes.no_facilitator import has_no_leader, read_led
from guestvisits.substitutes.thin_meetings import read_away
from meetings.models import Attendance
from meetings.needs.upcoming import DeskAnswer, read_answers, read_meetings
from meetings.plain_meetings import PlainMeeting

DAYS = 7
Rsvp = Attendance.Rsvp


@dataclass(frozen=True, slots=True)
class AnswerLists:
    """The names of the people of one meeting, by what they answered."""

    coming: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return the lists that are not empty with their titles."""
        named = (
            ("coming", self.coming),
            ("maybe", self.maybe),
            ("away", self.away),
            ("no answer", self.pending),
            ("guests" if len(self.guests) != 1 else "guest", self.guests),
        )
        return [(title, names) for title, names in named if names]


@dataclass(frozen=True, slots=True)
class WeekMeeting:
    """One meeting of this week. `lacks_leader`: all of the group's facilitators declined. `page`:
    the part of the week that it is listed on."""

    meeting: PlainMeeting
    group: Group
    answers: AnswerLists
    has_begun: bool
    lacks_leader: bool
    page: int

    @property
    def group_zone(self) -> str:
        return known_zone(self.group.timezone)

    @property
    def addresses(self) -> dict[str, str]:
        """Return the pages that the row links to. Those that change the meeting lead back to it."""
        pk, move = self.meeting.id, "admin:meetings_meeting_move"
        part = f"?page={self.page}" if self.page > 1 else ""
        back = "?next=" + quote(f"{address_of('admin:index')}{part}#m{pk}")
        return {
            "restore": address_of(move, pk, "restore") + back,
            "move": address_of(move, pk, "reschedule") + back,
            "cancel": address_of(move, pk, "cancel") + back,
            "find_substitute": address_of("admin:guestvisits_find_substitute", pk) + back,
            "group": address_of("group", self.group.pk),
        }

    @property
    def group_start(self) -> str:
        """Return the start on the group's clock, with its weekday: "Tue 18:00"."""
        return f"{self.meeting.starts_at.astimezone(find_zone(self.group.timezone)):%a %H:%M}"


@dataclass(frozen=True, slots=True)
class WeekDay:
    day: date
    meetings: tuple[WeekMeeting, ...]


def list_week(facts: OpenCohorts, zone: tzinfo) -> list[PlainMeeting]:
    """Return the meetings of today and the six days after it, of groups that are set up."""
    first = facts.now.astimezone(zone).date()
    last = first + timedelta(days=DAYS)
    return [
        meeting
        for meeting in facts.read(read_meetings)
        if facts.groups[meeting.group_id].set_up_at
        and first <= meeting.starts_at.astimezone(zone).date() < last
    ]


def read_days(
    facts: OpenCohorts, meetings: Sequence[PlainMeeting], zone: tzinfo, *, page: int
) -> list[WeekDay]:
    """Return the meetings of this page by day.  Up to three queries, most of which items share."""
    answers, led = facts.read(read_answers), facts.read(read_led)
    away = facts.read(read_away)
    rows = [
        _row(
            facts,
            meeting,
            answers.get(meeting.id, ()),
            away.get(meeting.id, {}),
            has_substitute=meeting.id in led,
            page=page,
        )
        for meeting in meetings
    ]
    by_day = groupby(rows, key=lambda row: row.meeting.starts_at.astimezone(zone).date())
    return [WeekDay(day, tuple(found)) for day, found in by_day]


def _row(
    facts: OpenCohorts,
    meeting: PlainMeeting,
    answers: Sequence[DeskAnswer],
    visits: Mapping[int, str],
    *,
    has_substitute: bool,
    page: int,
) -> WeekMeeting:
    members = facts.members_of.get(meeting.group_id, [])
    leaders = [member for member in members if member.is_facilitator]
    return WeekMeeting(
        meeting,
        facts.groups[meeting.group_id],
        sort_answers(members, answers, visits),
        has_begun=meeting.starts_at <= facts.now,
        lacks_leader=bool(leaders) and has_no_leader(leaders, answers, has_substitute),
        page=page,
    )


def sort_answers(
    members: Iterable[DeskMember], answers: Iterable[DeskAnswer], visits: Mapping[int, str]
) -> AnswerLists:
    """Return the names by answer.  `visits`: the group that a member visits instead.  Pure.

    Facilitators are marked.  Guests who declined are left out, and so are answers of former
    members.
    """
    said = {answer.user_id: answer for answer in answers}
    lists: dict[str, list[str]] = {rsvp: [] for rsvp in Rsvp.values}
    here = set()
    for member in members:
        here.add(member.user_id)
        answer = said.get(member.user_id)
        name = f"{member.name} (facilitator)" if member.is_facilitator else member.name
        if host := visits.get(member.user_id):
            lists[Rsvp.NOT_ATTENDING].append(f"{name} (visits {host})")
        else:
            lists[answer.rsvp if answer else Rsvp.PENDING].append(name)
    guests = (a for a in said.values() if a.is_guest and a.user_id not in here)
    return AnswerLists(
        coming=tuple(lists[Rsvp.ATTENDING]),
        maybe=tuple(lists[Rsvp.TENTATIVE]),
        away=tuple(lists[Rsvp.NOT_ATTENDING]),
        pending=tuple(lists[Rsvp.PENDING]),
        guests=tuple(guest.name for guest in guests if not guest.has_declined),
    )
