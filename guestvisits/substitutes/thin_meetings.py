"""Thin meetings: within 48 hours, and at most two people are expected."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.models import live_group
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.selectors import group_by
from cohorts.words import count_people
from guestvisits.selectors import visits_instead
from meetings.needs.upcoming import (
    AHEAD,
    BEFORE,
    expected_people,
    meetings_by_group,
    read_answers,
)
from meetings.plain_meetings import PlainMeeting

THIN_MEETING = "thin_meeting"
WITHIN = timedelta(hours=48)
MOST = 2  # people


@dataclass(frozen=True, slots=True)
class ExpectedMeeting:
    """A meeting of a group that is set up, and how many people are expected there.

    `participants` leaves out facilitators.
    """

    meeting: PlainMeeting
    cohort_id: int
    expected: int
    participants: int = 0

    def is_thin(self, now: datetime) -> bool:
        is_near = now < self.meeting.starts_at <= now + WITHIN
        return is_near and self.expected <= MOST


def find_thin_meetings(facts: OpenCohorts) -> Iterator[Need]:
    ahead = facts.read(read_expected)
    visiting = facts.read(read_away)
    # Without those whose participants visit another group instead: they are resolved. People who
    # only declined are expected nowhere, so at least one person must visit.
    thin = (
        each
        for each in ahead
        if each.is_thin(facts.now) and (each.participants or each.meeting.id not in visiting)
    )
    for cohort_id, rows in group_by(thin, lambda each: each.cohort_id).items():
        are = "meeting expects" if len(rows) == 1 else "meetings expect"
        yield Need(
            THIN_MEETING,
            cohort_id,
            f"{len(rows)} {are} at most {MOST} people",
            tuple(_subject(facts, row, choose_host(row, ahead)) for row in rows),
        )


def read_away(facts: OpenCohorts) -> Mapping[int, Mapping[int, str]]:
    """Return the groups that members visit instead of this week's own meeting, by meeting and
    person.  One query."""
    visits = visits_instead().filter(
        live_group("home_meeting__group__"),
        home_meeting__starts_at__gt=facts.now - BEFORE,
        home_meeting__starts_at__lt=facts.now + AHEAD,
    )
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = visits.values_list("home_meeting", "user", "host_meeting__group__name")
    for meeting, user, host in rows:
        found[meeting][user] = host
    return found


def read_expected(facts: OpenCohorts) -> list[ExpectedMeeting]:
    """Return the meetings of the next days, by start."""
    answers, until = facts.read(read_answers), facts.now + timedelta(days=7)
    found = []
    for group_id, meetings in facts.read(meetings_by_group).items():
        group = facts.groups[group_id]
        for meeting in meetings if group.set_up_at else ():
            if facts.now < meeting.starts_at <= until:
                members = facts.members_of.get(group_id, ())
                here, guests = expected_people(members, answers.get(meeting.id, ()))
                participants = sum(m.user_id in here for m in members if not m.is_facilitator)
                found.append(
                    ExpectedMeeting(
                        meeting, group.cohort_id, len(here | guests), participants + len(guests)
                    )
                )
    return sorted(found, key=lambda each: (each.meeting.starts_at, each.meeting.id))


def choose_host(
    thin: ExpectedMeeting, ahead: Collection[ExpectedMeeting]
) -> ExpectedMeeting | None:
    """Return the meeting of the same week that a thin one should join, the fullest.  Pure.

    Extra sessions belong to no week.
    """
    hosts = [
        each
        for each in ahead
        if thin.meeting.number is not None
        and (each.cohort_id, each.meeting.number) == (thin.cohort_id, thin.meeting.number)
        and each.meeting.group_id != thin.meeting.group_id
        and each.expected > MOST
    ]
    return max(hosts, key=lambda each: each.expected, default=None)


def _subject(
    facts: OpenCohorts, thin: ExpectedMeeting, host: ExpectedMeeting | None
) -> NeedSubject:
    meeting, groups = thin.meeting, facts.groups
    return NeedSubject(
        f"meeting:{meeting.id}",
        groups[meeting.group_id].name,
        f"{meeting.label}, {count_people(thin.expected)}",
        meeting.starts_at,
        button=_button(meeting, groups[host.meeting.group_id].name if host else "", host),
        zone=groups[meeting.group_id].timezone,
    )


def _button(meeting: PlainMeeting, name: str, host: ExpectedMeeting | None) -> NeedButton:
    back = f"next={address_of('admin:index')}"
    if host is None:
        page = address_of("admin:meetings_meeting_move", meeting.id, "reschedule")
        return NeedButton("Move", page, ("meetings.change_meeting",), query=back)
    page = address_of("admin:guestvisits_join_another", meeting.id)
    return NeedButton(
        f"Join with {name} this week",
        page,
        ("guestvisits.add_guestvisit",),
        query=f"host={host.meeting.id}&{back}",
    )
