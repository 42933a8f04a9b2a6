"""Plan the changes of a roster import.  Pure: nothing is read or written here.

A file updates what it names and removes nothing.  An empty cell leaves a value unchanged:

    cell         for a new object         for an existing object
    -----------  -----------------------  ------------------------------------------------------
    start_date   required                 changed; if a group of the cohort is set up, only
                                          after the consequences were previewed and confirmed
    meetings     required                 like start_date
    slot         no slot yet              changed until the group is set up, then refused
    timezone     UTC when empty           like the slot
    name         required                 changed, unless the person is staff
    discord_id   may be empty             changed, unless it belongs to another person, or the
                                          person has signed in before or is staff (plan_people)
    role         participant when empty   changed
    group        created                  a participant of another group of the cohort moves
"""

from collections.abc import Iterable

from cohorts.roster.changes import ChangedPerson, NewPerson
from cohorts.roster.facts import RosterFacts
from cohorts.roster.file.rows import Roster, RosterRow
from cohorts.roster.groups_after import find_odd_groups, list_groups
from cohorts.roster.plan_courses import plan_cohorts, plan_courses, plan_groups
from cohorts.roster.plan_memberships import plan_memberships
from cohorts.roster.plan_people import plan_people
from cohorts.roster.plan_warnings import (
    find_closed_accounts,
    find_damaged_names,
    find_replaced_names,
    find_twin_cohorts,
    find_twin_courses,
    find_twin_groups,
    find_twin_people,
)
from cohorts.roster.problems import Problem, merge, name_lines
from cohorts.roster.roster_plan import RosterPlan


def plan(roster: Roster, facts: RosterFacts) -> RosterPlan:
    """Return the changes in the order of the file.  A plan with problems must not be applied."""
    problems: list[Problem] = list(roster.problems)
    lines = roster.lines
    courses = plan_courses(lines, facts)
    cohorts = plan_cohorts(lines, facts, problems)
    groups, named = plan_groups(lines, facts, problems)
    people = plan_people(lines, facts, named, problems)
    memberships = plan_memberships(lines, facts, named, problems)
    after = list_groups(memberships, named, facts, _new_names(people))
    warnings = [
        *find_damaged_names(lines),
        *find_twin_courses(lines, facts, courses),
        *find_twin_cohorts(lines, facts, cohorts),
        *find_twin_groups(lines, facts, groups),
        *find_replaced_names(lines, people),
        *find_twin_people(lines, facts, people, memberships),
        *find_closed_accounts(lines, facts, memberships),
        # Lines with problems are not counted, so groups would seem to lack people.
        *(() if problems else find_odd_groups(after)),
    ]
    return RosterPlan(
        courses=tuple(courses),
        cohorts=tuple(cohorts),
        groups=tuple(groups),
        people=tuple(people),
        memberships=tuple(memberships),
        problems=merge(problems),
        notes=(*roster.notes, *_doubt_ids(lines)),
        warnings=tuple(warnings),
        groups_after=tuple(after),
    )


def _new_names(people: Iterable[NewPerson | ChangedPerson]) -> dict[int, str]:
    return {
        person.id: str(edit.after)
        for person in people
        if isinstance(person, ChangedPerson)
        for edit in person.edits
        if edit.field == "name"
    }


def _doubt_ids(lines: tuple[RosterRow, ...]) -> list[str]:
    """Return a note on the Discord ids that a spreadsheet may have rounded to 15 digits."""
    doubtful = [line for line in lines if line.discord_id and line.discord_id % 1000 == 0]
    if not doubtful:
        return []
    where = name_lines(line.number for line in doubtful)
    return [
        f"{where}: Discord IDs such as {doubtful[0].discord_id} end in zeros, so a spreadsheet may "
        "have rounded them. Compare them with Discord."
    ]
