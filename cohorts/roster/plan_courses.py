"""Plan a roster's changes to courses, cohorts and groups."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.roster.agreement import agreed_value, by_key, first_with, is_unclear
from cohorts.roster.changes import (
    ChangedCohort,
    ChangedGroup,
    FieldChange,
    NewCohort,
    NewCourse,
    NewGroup,
)
from cohorts.roster.facts import RosterFacts, find_named, slot_of
from cohorts.roster.file.rows import CohortKey, GroupKey, RosterRow, fold
from cohorts.roster.file.slots import RosterSlot
from cohorts.roster.problems import Problem
from cohorts.services.groups import check_slot_may_change

COHORT_COLUMNS = {"start_date": "start date", "number_of_meetings": "number of meetings"}


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group that a file names, with its weekly time after the import.

    `fact` is None if it is new, `cohort` if its cohort is.
    """

    key: GroupKey
    name: str
    slot: RosterSlot | None
    timezone: str
    cohort_name: str
    fact: Group | None
    cohort: Cohort | None

    @property
    def has_ended(self) -> bool:
        return self.fact is not None and self.fact.status in Group.ENDED


def plan_courses(lines: Iterable[RosterRow], facts: RosterFacts) -> list[NewCourse]:
    named = by_key(lines, lambda line: line.course and fold(line.course))
    names = [str(spoken[0].course) for spoken in named.values()]
    return [NewCourse(name) for name in names if facts.course(name) is None]


def plan_cohorts(
    lines: Iterable[RosterRow], facts: RosterFacts, problems: list[Problem]
) -> list[NewCohort | ChangedCohort]:
    changes: list[NewCohort | ChangedCohort] = []
    for key, spoken in by_key(lines, lambda line: line.cohort_key).items():
        course, name = str(spoken[0].course), str(spoken[0].cohort)
        known = facts.cohort(course, name)
        if known:
            changes += _change_cohort(known, spoken, facts, problems)
        else:
            changes += _new_cohort(key, spoken, facts, problems)
    return changes


def _new_cohort(
    key: CohortKey, lines: Collection[RosterRow], facts: RosterFacts, problems: list[Problem]
) -> list[NewCohort | ChangedCohort]:
    first = next(iter(lines))
    course = facts.course(str(first.course))
    values = {}
    for column, title in COHORT_COLUMNS.items():
        values[column] = agreed_value(lines, column, f"{first.cohort}", problems)
        if values[column] is None and not is_unclear(lines, column):
            sentence = f"{first.cohort} is new and needs a {title}."
            problems.append(Problem(first.number, column, sentence))
    if None in values.values():
        return []
    course_id, course_name = (course.pk, course.name) if course else (None, str(first.course))
    return [NewCohort(key, course_id, course_name, str(first.cohort), **values)]


def _change_cohort(
    cohort: Cohort, lines: Collection[RosterRow], facts: RosterFacts, problems: list[Problem]
) -> list[NewCohort | ChangedCohort]:
    edits = []
    after: dict[str, Any] = {name: getattr(cohort, name) for name in COHORT_COLUMNS}
    for column, title in COHORT_COLUMNS.items():
        before, said = getattr(cohort, column), agreed_value(lines, column, cohort.name, problems)
        if said not in (None, before):
            edits.append(FieldChange(column, title, before, said))
            after[column] = said
    if not edits:
        return []
    first = first_with(lines, edits[0].field)
    line = first.number if first else 1
    set_up = _groups_set_up(cohort, facts)
    return [ChangedCohort(cohort.pk, cohort.name, tuple(edits), **after, line=line, set_up=set_up)]


def _groups_set_up(cohort: Cohort, facts: RosterFacts) -> tuple[str, ...]:
    return tuple(
        group.name
        for group in facts.groups
        if not cohort.has_ended
        and group.cohort_id == cohort.pk
        and group.set_up_at is not None
        and group.status not in Group.ENDED
    )


def plan_groups(
    lines: Iterable[RosterRow], facts: RosterFacts, problems: list[Problem]
) -> tuple[list[NewGroup | ChangedGroup], dict[GroupKey, NamedGroup]]:
    """Return the changes, and every group that the file names."""
    changes: list[NewGroup | ChangedGroup] = []
    named: dict[GroupKey, NamedGroup] = {}
    in_cohort = by_key(facts.groups, lambda group: group.cohort_id)
    for key, spoken in by_key(lines, lambda line: line.group_key).items():
        first = spoken[0]
        cohort = facts.cohort(str(first.course), str(first.cohort))
        siblings = in_cohort.get(cohort.pk, []) if cohort else []
        group = find_named(siblings, str(first.group))
        name = group.name if group else str(first.group)
        slot = agreed_value(spoken, "slot", name, problems)
        zone = agreed_value(spoken, "timezone", name, problems)
        if group:
            changes += _change_group(group, slot, zone, spoken, problems)
        else:
            cohort_id = cohort.pk if cohort else None
            changes.append(NewGroup(key, cohort_id, name, _or_none(slot), zone or "UTC"))
        zone = zone or (group.timezone if group else "UTC")
        slot = _or_none(slot) if slot or not group else slot_of(group)
        cohort_name = cohort.name if cohort else str(first.cohort)
        named[key] = NamedGroup(key, name, slot, zone, cohort_name, group, cohort)
    return changes, named


def _change_group(
    group: Group,
    slot: RosterSlot | str | None,
    zone: str | None,
    lines: Collection[RosterRow],
    problems: list[Problem],
) -> list[NewGroup | ChangedGroup]:
    edits, before = [], slot_of(group)
    if slot is not None and _or_none(slot) != before:
        edits.append(FieldChange("slot", "slot", before, _or_none(slot)))
    if zone not in (None, group.timezone):
        edits.append(FieldChange("timezone", "time zone", group.timezone, zone))
    if not edits:
        return []
    try:
        check_slot_may_change(group)
    except Refusal as refusal:
        column = edits[0].field
        line = first_with(lines, column)
        problems.append(Problem(line.number if line else 1, column, refusal.sentence))
    return [ChangedGroup(group.pk, group.name, tuple(edits))]


def _or_none(slot: RosterSlot | str | None) -> RosterSlot | None:
    """Return the slot; None for TBD."""
    return slot if isinstance(slot, RosterSlot) else None
