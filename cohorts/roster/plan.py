"""What a roster would change, given the facts.  Pure: nothing is read or written here.

A file updates what it names and removes nothing.  An empty cell leaves a value as it is:

    cell         something new            something known
    -----------  -----------------------  ------------------------------------------------------
    start_date   needed                   changed; once a group of the cohort is active, only when
                                          what follows was shown and confirmed
    meetings     needed                   as start_date
    slot         no slot yet              changed in preview; later that needs a person
    timezone     UTC when empty           as the slot
    name         needed                   changed, unless the person is of staff
    discord_id   may be empty             changed, unless it is another person's, or the person
                                          has signed in before or is of staff (plan_people)
    role         participant when empty   changed
    group        made                     a participant of another group of the cohort moves
"""

from __future__ import annotations

from cohorts.roster.changes import RosterPlan
from cohorts.roster.facts import Facts
from cohorts.roster.lines import Line, Roster
from cohorts.roster.plan_courses import plan_cohorts, plan_courses, plan_groups
from cohorts.roster.plan_memberships import plan_memberships
from cohorts.roster.plan_people import plan_people
from cohorts.roster.problems import Problem


def plan(roster: Roster, facts: Facts) -> RosterPlan:
    """The changes in the order of the file; with any problem the plan must not be carried out."""
    problems: list[Problem] = list(roster.problems)
    lines = roster.lines
    cohorts = plan_cohorts(lines, facts, problems)
    groups, named = plan_groups(lines, facts, problems)
    people = plan_people(lines, facts, named, problems)
    memberships = plan_memberships(lines, facts, named, problems)
    return RosterPlan(
        courses=tuple(plan_courses(lines, facts)),
        cohorts=tuple(cohorts),
        groups=tuple(groups),
        people=tuple(people),
        memberships=tuple(memberships),
        problems=tuple(sorted(set(problems))),
        notes=(*roster.notes, *_doubt_ids(lines)),
    )


def _doubt_ids(lines: tuple[Line, ...]) -> list[str]:
    """Spreadsheets keep 15 digits of a number and put zeros for the rest."""
    return [
        f"Line {line.number}: the Discord id {line.discord_id} ends in zeros, as a number that a "
        "spreadsheet has rounded. Compare it with Discord."
        for line in lines
        if line.discord_id and line.discord_id % 1000 == 0
    ]
