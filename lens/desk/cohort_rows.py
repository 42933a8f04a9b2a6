"""The status of the cohorts that were read: all open ones and those that ended last, or one."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cohorts.models import Cohort
from cohorts.models.archive import archive_window
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.ui.deleted_outside import read_syncs
from discordsync.joining.missing_people import read_join_states
from discordsync.joining.states import JoinState
from discordsync.removal.removal_due import read_remains
from guestvisits.ending.cohort_over import last_ended_at
from lens.desk.cohort_status import CohortProgress, GroupCourse, describe_status
from meetings.needs.upcoming import meetings_by_group


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A cohort with its status, and how many of its people have joined the Discord server."""

    cohort: Cohort
    status: str
    joined: int
    people: int


def read_cohort_rows(facts: OpenCohorts) -> list[CohortRow]:
    people = _people_by_cohort(facts)
    rows = [_open_row(facts, cohort, people[cohort.pk]) for cohort in facts.cohorts.values()]
    return rows + _ended_rows(facts)


def _people_by_cohort(facts: OpenCohorts) -> Mapping[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for member in facts.members:
        found[member.cohort_id].add(member.user_id)
    return found


def was_requested(facts: OpenCohorts, cohort: Cohort) -> bool:
    """Return whether someone asked to set up an open cohort.  One query, if no group is set up."""
    groups = {group.pk: group for group in facts.groups_of.get(cohort.pk, ())}
    if any(group.set_up_at for group in groups.values()):
        return True
    return any(row.is_requested and row.group_id in groups for row in facts.read(read_syncs))


def _open_row(facts: OpenCohorts, cohort: Cohort, people: Collection[int]) -> CohortRow:
    states = facts.read(read_join_states)
    joined = sum(states.get(user_id) is JoinState.JOINED for user_id in people)
    groups = facts.groups_of.get(cohort.pk, ())
    meetings = facts.read(meetings_by_group)
    about = CohortProgress(
        start_date=cohort.start_date,
        weeks=cohort.number_of_meetings,
        groups=len(groups),
        is_requested=was_requested(facts, cohort),
        courses=tuple(
            GroupCourse(tuple((m.number, m.starts_at) for m in meetings.get(group.pk, ())))
            for group in groups
            if group.set_up_at
        ),
        joined=joined,
        last_ended_at=last_ended_at(facts, cohort.pk),
    )
    return CohortRow(cohort, describe_status(about, facts.now), joined, len(people))


def _ended_rows(facts: OpenCohorts) -> list[CohortRow]:
    remains = {cohort.pk for cohort in facts.read(read_remains)} if facts.ended else set()
    return [
        CohortRow(one, describe_status(_ended(one, one.pk in remains), facts.now), 0, 0)
        for one in facts.ended
    ]


def _ended(cohort: Cohort, has_remains: bool) -> CohortProgress:
    window = archive_window([cohort.ended_at], cohort.archive_days)
    return CohortProgress(
        cohort.start_date,
        cohort.number_of_meetings,
        has_ended=True,
        reads_until=window.ends_at if window else None,
        has_remains=has_remains,
    )
