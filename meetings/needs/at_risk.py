"""Who is at risk: people of open cohorts, until staff write to them, dismiss it or they attend."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.db.models import Q

from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.selectors import group_by
from cohorts.words import count_people
from meetings.access import SEE_PEOPLE
from meetings.attendance.ledger import (
    AttendanceRecord,
    AttendanceRow,
    build_records,
    participants,
    read_rows,
)
from meetings.attendance.mark_words import name_weeks
from meetings.attendance.outcomes import least_absences
from meetings.needs.upcoming import read_all_meetings
from meetings.plain_meetings import PlainMeeting

AT_RISK = "at_risk"
SEE_MEMBERS = ("cohorts.view_cohort", "cohorts.view_group", "cohorts.view_membership")
WRITE = (*SEE_MEMBERS, "outbox.view_message", "outbox.add_message")


def find_people_at_risk(facts: OpenCohorts) -> Iterator[Need]:
    found = [
        record
        for record in facts.read(read_open_records)
        if record.open_risk and record.member.user.is_active
    ]
    for cohort_id, records in group_by(found, lambda record: record.member.cohort_id).items():
        are = "is" if len(records) == 1 else "are"
        yield Need(
            AT_RISK,
            cohort_id,
            f"{count_people(len(records))} {are} at risk of dropping out",
            tuple(_subject(record) for record in records),
            buttons=(_write(cohort_id, records, "Write to them"), _open(cohort_id)),
        )


def read_attendance_rows(facts: OpenCohorts) -> Sequence[AttendanceRow]:
    """Return the attendances of the open cohorts. One query."""
    return read_rows(Q(meeting__group__cohort__in=facts.cohorts), facts.now)


def read_open_records(facts: OpenCohorts) -> Sequence[AttendanceRecord]:
    """Return the records of the live groups' participants who may be at risk. One query beside
    those shared."""
    rows = facts.read(read_attendance_rows)
    meetings = [one for one in facts.read(read_all_meetings) if _counts(one)]
    people = _often_absent(facts, {one.id: one.cohort_id for one in meetings}, rows)
    if not people:
        return []
    members = list(participants(Q(cohort__in=facts.cohorts, user__in=people)))
    return build_records(members, meetings, rows, facts.now, facts.groups)


def _often_absent(
    facts: OpenCohorts, cohorts: Mapping[int, int], rows: Iterable[AttendanceRow]
) -> Collection[int]:
    """Return the people with as many possible absences as any signal needs. A record costs much
    more than a row, and most people miss few meetings. `cohorts`: by meeting."""
    absent = Counter(
        (row.user_id, cohorts[row.meeting_id])
        for row in rows
        if row.meeting_id in cohorts and row.may_be_absence
    )
    least = {pk: least_absences(one.allowed_absences) for pk, one in facts.cohorts.items()}
    return {user_id for (user_id, cohort), number in absent.items() if number >= least[cohort]}


def _counts(meeting: PlainMeeting) -> bool:
    ended_at = meeting.group_ended_at
    return not meeting.is_cancelled and (ended_at is None or meeting.starts_at < ended_at)


def _subject(record: AttendanceRecord) -> NeedSubject:
    member, risk = record.member, record.open_risk
    assert risk
    return NeedSubject(
        # Another absence is something new, so that it ends a snooze.
        f"risk:{member.user_id}:{risk.last_meeting_id}",
        member.user.display_name,
        f"{member.group.name}, absent in {name_weeks(risk)}",
        button=_write(member.cohort_id, [record], "Write"),
    )


def _write(cohort_id: int, records: Sequence[AttendanceRecord], label: str) -> NeedButton:
    page = address_of("admin:cohort_write", cohort_id)
    people = "&".join(f"people={record.member.user_id}" for record in records)
    return NeedButton(label, page, WRITE, query=f"{people}&about=at-risk")


def _open(cohort_id: int) -> NeedButton:
    page = address_of("admin:cohort_attendance", cohort_id)
    return NeedButton("Open the list", page, (*SEE_MEMBERS, *SEE_PEOPLE), query="show=at-risk")
