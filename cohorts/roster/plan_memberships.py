"""Plan a roster's changes to memberships: who joins, who moves and whose role changes.

Each person is planned per cohort, because a participant has one group in a cohort.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cohorts.models import Membership
from cohorts.roster.agreement import agreed_value, by_key, first_with
from cohorts.roster.changes import Joining, Leaving, RoleChange
from cohorts.roster.facts import RosterFacts
from cohorts.roster.file.rows import CohortKey, GroupKey, RosterRow
from cohorts.roster.plan_courses import NamedGroup
from cohorts.roster.problems import Problem

PARTICIPANT = Membership.Role.PARTICIPANT.value

Groups = Mapping[GroupKey, NamedGroup]


@dataclass(frozen=True, slots=True)
class _Person:
    """A person in one cohort; `id` is None if the person is new."""

    email: str
    id: int | None
    name: str
    held: list[Membership]


@dataclass(frozen=True, slots=True)
class _Request:
    """The file's request that a person be in a group in a role; `held` is the current
    membership."""

    person: _Person
    group: NamedGroup
    role: str
    line: RosterRow
    held: Membership | None

    @property
    def is_fulfilled(self) -> bool:
        return self.held is not None and self.held.role == self.role


def plan_memberships(
    lines: Collection[RosterRow], facts: RosterFacts, groups: Groups, problems: list[Problem]
) -> list[Joining | RoleChange]:
    """Return the changes.

    People whom the file does not name stay; a participant named in another group moves.
    """
    changes: list[Joining | RoleChange] = []
    people = _read_people(lines, facts)
    names = {group.pk: group.name for group in facts.groups}
    for key, spoken in by_key(lines, _person_in_cohort).items():
        wishes = _read_requests(people[key], spoken, groups, problems)
        if _check_one_group(wishes, problems):
            changes += _plan_person(wishes, names, problems)
    _check_sizes(changes, lines, facts, groups, problems)
    return changes


def _read_people(
    lines: Iterable[RosterRow], facts: RosterFacts
) -> dict[tuple[str, CohortKey], _Person]:
    """Return each person in each cohort, as the file and the facts describe them."""
    known = {person.email: person for person in facts.people}
    members = by_key(facts.members, lambda member: (member.user_id, member.cohort_id))
    people: dict[tuple[str, CohortKey], _Person] = {}
    for (email, cohort_key), spoken in by_key(lines, _person_in_cohort).items():
        fact = known.get(email)
        cohort = facts.cohort(str(spoken[0].course), str(spoken[0].cohort))
        held = members.get((fact.pk, cohort.pk), []) if fact and cohort else []
        said = first_with(spoken, "name")
        name = (said and said.name) or (fact and fact.name) or email
        people[email, cohort_key] = _Person(email, fact.pk if fact else None, name, held)
    return people


def _person_in_cohort(line: RosterRow) -> tuple[str, CohortKey] | None:
    """Return the key of a person in a cohort; None if a cell that decides the membership is bad."""
    if line.email and line.group_key and line.cohort_key and "role" not in line.bad:
        return line.email, line.cohort_key
    return None


def _read_requests(
    person: _Person, lines: Iterable[RosterRow], groups: Groups, problems: list[Problem]
) -> list[_Request]:
    """Return one wish per group.

    An empty role keeps the current role; for a new membership it means participant.
    """
    by_group = {member.group_id: member for member in person.held}
    wishes = []
    for key, spoken in by_key(lines, lambda line: line.group_key).items():
        group = groups[key]
        held = by_group.get(group.fact.pk) if group.fact else None
        role = agreed_value(spoken, "role", f"{person.email} in {group.name}", problems)
        role = role or (held.role if held else PARTICIPANT)
        wishes.append(_Request(person, group, role, spoken[0], held))
    return wishes


def _check_one_group(wishes: Iterable[_Request], problems: list[Problem]) -> bool:
    """Return whether the person is a participant of at most one group; report each further
    group."""
    mine = [wish for wish in wishes if wish.role == PARTICIPANT]
    for other in mine[1:]:
        first = mine[0]
        sentence = (
            f"{first.person.email} is a participant of {first.group.name} on line "
            f"{first.line.number} and of {other.group.name} here. A participant has one group in "
            "a cohort; only facilitators can have several."
        )
        problems.append(Problem(other.line.number, "group", sentence))
    return len(mine) <= 1


def _plan_person(
    wishes: Collection[_Request], names: Mapping[int, str], problems: list[Problem]
) -> list[Joining | RoleChange]:
    changes: list[Joining | RoleChange] = []
    for wish in wishes:
        if wish.is_fulfilled:
            continue
        refused = _find_refusal(wish)
        if refused:
            problems.append(Problem(wish.line.number, "group", refused))
        changes.append(_plan_request(wish, _find_leaving(wish, wishes, names)))
    return changes


def _plan_request(wish: _Request, leaving: Leaving | None) -> Joining | RoleChange:
    person, group = wish.person, wish.group
    if wish.held:
        return RoleChange(wish.held.pk, person.name, group.name, wish.role, leaving)
    return Joining(
        email=person.email,
        user_id=person.id,
        name=person.name,
        group_key=group.key,
        group_id=group.fact.pk if group.fact else None,
        cohort_id=group.cohort.pk if group.cohort else None,
        group=group.name,
        role=wish.role,
        leaving=leaving,
    )


def _find_refusal(wish: _Request) -> str:
    if wish.group.has_ended:
        return f"{wish.group.name} has ended. Remove its lines."
    if wish.group.cohort and wish.group.cohort.has_ended:
        return f"{wish.group.cohort.name} has ended. Remove its lines."
    return ""


def _find_leaving(
    wish: _Request, wishes: Iterable[_Request], names: Mapping[int, str]
) -> Leaving | None:
    """Return the membership as participant that ends with this wish, if there is one. `names`: of
    the known groups."""
    if wish.role != PARTICIPANT:
        return None
    kept = {other.held.pk for other in wishes if other.held}
    for member in wish.person.held:
        if member.role == PARTICIPANT and member.pk not in kept:
            return Leaving(member.pk, names[member.group_id])
    return None


def _check_sizes(
    changes: Iterable[Joining | RoleChange],
    lines: Iterable[RosterRow],
    facts: RosterFacts,
    groups: Groups,
    problems: list[Problem],
) -> None:
    """Report groups that would have more participants than their size allows."""
    before = Counter(member.group_id for member in facts.members if member.role == PARTICIPANT)
    gains = _count_gains(changes, facts)
    for key, spoken in by_key(lines, lambda line: line.group_key).items():
        group = groups[key].fact
        if group is None or group.size is None:
            continue
        after = before[group.pk] + gains[group.pk]
        if gains[group.pk] > 0 and after > group.size:
            sentence = f"{group.name} has {group.size} places and would have {after} participants."
            problems.append(Problem(spoken[0].number, "group", sentence))


def _count_gains(changes: Iterable[Joining | RoleChange], facts: RosterFacts) -> Counter[int]:
    """Return the change in the number of participants of each existing group."""
    group_of = {member.pk: member.group_id for member in facts.members}
    gains: Counter[int] = Counter()
    for change in changes:
        if change.leaving:
            gains[group_of[change.leaving.membership_id]] -= 1
        if isinstance(change, RoleChange):
            gains[group_of[change.membership_id]] += 1 if change.role == PARTICIPANT else -1
        elif change.role == PARTICIPANT and change.group_id:
            gains[change.group_id] += 1
    return gains
