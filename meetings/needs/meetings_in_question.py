"""Meetings at which almost no one was seen, and nobody has said whether they were held."""

from collections import defaultdict
from collections.abc import Iterator

from cohorts.models import Group
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from meetings.access import CORRECT, SEE_GROUP
from meetings.attendance.was_held import ASK_STAFF_AFTER
from meetings.needs.at_risk import read_attendance_rows
from meetings.needs.upcoming import meetings_by_group
from meetings.plain_meetings import LEAST_SEEN, PlainMeeting

WAS_HELD = "was_held"


def find_meetings_in_question(facts: OpenCohorts) -> Iterator[Need]:
    """Yield an item for each cohort in which attendance is recorded at all: where at least two
    people were seen at one of its meetings."""
    seen = count_seen(facts)
    found: dict[int, list[PlainMeeting]] = defaultdict(list)
    recorded = set()
    for group_id, meetings in facts.read(meetings_by_group).items():
        for meeting in meetings if facts.groups[group_id].set_up_at else ():
            if seen[meeting.id] >= LEAST_SEEN:
                recorded.add(meeting.cohort_id)
            elif not meeting.held and meeting.ends_at + ASK_STAFF_AFTER <= facts.now:
                found[meeting.cohort_id].append(meeting)
    for cohort_id, meetings in found.items():
        if cohort_id in recorded:
            yield _need(facts, cohort_id, meetings)


def count_seen(facts: OpenCohorts) -> dict[int, int]:
    """Return how many people were seen, by meeting."""
    starts = {
        meeting.id: meeting.starts_at
        for meetings in facts.read(meetings_by_group).values()
        for meeting in meetings
    }
    seen: dict[int, int] = defaultdict(int)
    for row in facts.read(read_attendance_rows):
        if row.meeting_id in starts:
            seen[row.meeting_id] += row.describe(starts[row.meeting_id]).was_there
    return seen


def _need(facts: OpenCohorts, cohort_id: int, meetings: list[PlainMeeting]) -> Need:
    were = "meeting was" if len(meetings) == 1 else "meetings were"
    return Need(
        WAS_HELD,
        cohort_id,
        f"Nobody has said whether {len(meetings)} {were} held",
        tuple(_subject(facts.groups[one.group_id], one) for one in meetings),
    )


def _subject(group: Group, meeting: PlainMeeting) -> NeedSubject:
    page = address_of("group", meeting.group_id)
    button = NeedButton("Answer", f"{page}#{meeting.anchor}", (*SEE_GROUP, *CORRECT))
    return NeedSubject(
        f"meeting:{meeting.id}",
        group.name,
        meeting.label,
        meeting.starts_at,
        button,
        zone=group.timezone,
    )
