"""Warn of what is probably a mistake of the file, although it can be imported.  Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cohorts.roster.agreement import by_key
from cohorts.roster.changes import (
    ChangedPerson,
    Joining,
    NewCohort,
    NewCourse,
    NewGroup,
    NewPerson,
)
from cohorts.roster.facts import RosterFacts
from cohorts.roster.file.decoding import repair
from cohorts.roster.file.rows import RosterRow, fold
from cohorts.roster.problems import name_lines
from cohorts.roster.twins import are_twins, find_twin_addresses, find_twins, simplify


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} ({self.email})" if self.email else f"{self.name} (no address)"


def find_damaged_names(lines: Collection[RosterRow]) -> Iterator[str]:
    """Warn of names that were read with a wrong encoding before they came into this file."""
    damaged = [
        (line.number, text)
        for line in lines
        for text in (line.course, line.cohort, line.group, line.name)
        if text and repair(text) != text
    ]
    if damaged:
        where, text = name_lines(number for number, _ in damaged), damaged[0][1]
        yield (
            f"{where}: letters such as those of “{text}” are damaged, probably “{repair(text)}” is "
            "meant. Export the original again as “CSV UTF-8”."
        )


def find_twin_courses(
    lines: Iterable[RosterRow], facts: RosterFacts, new: Iterable[NewCourse]
) -> Iterator[str]:
    """Warn of new courses whose name is almost that of another one."""
    spoken = by_key(lines, lambda line: line.course and fold(line.course))
    found = {course.name: _numbers(spoken[course.key]) for course in new}
    yield from _explain(found, (course.name for course in facts.courses), "", "course")


def find_twin_cohorts(
    lines: Iterable[RosterRow], facts: RosterFacts, changes: Iterable[object]
) -> Iterator[str]:
    """Warn of new cohorts whose name is almost that of another one of the course."""
    spoken = by_key(lines, lambda line: line.cohort_key)
    new = [each for each in changes if isinstance(each, NewCohort)]
    for cohorts in by_key(new, lambda cohort: cohort.key[0]).values():
        found = {cohort.name: _numbers(spoken[cohort.key]) for cohort in cohorts}
        course_id, course = cohorts[0].course_id, cohorts[0].course
        known = facts.siblings.get(course_id or 0, ())
        yield from _explain(found, known, f" in {course}", "cohort")


def find_twin_groups(
    lines: Iterable[RosterRow], facts: RosterFacts, changes: Iterable[object]
) -> Iterator[str]:
    """Warn of new groups whose name is almost that of another one of the cohort."""
    spoken = by_key(lines, lambda line: line.group_key)
    siblings = by_key(facts.groups, lambda group: group.cohort_id)
    new = [each for each in changes if isinstance(each, NewGroup)]
    for groups in by_key(new, lambda group: group.key[:2]).values():
        found = {group.name: _numbers(spoken[group.key]) for group in groups}
        first = groups[0]
        known = [group.name for group in siblings.get(first.cohort_id or 0, ())]
        yield from _explain(found, known, f" in {spoken[first.key][0].cohort}", "group")


def _numbers(lines: Iterable[RosterRow]) -> list[int]:
    return [line.number for line in lines]


def _explain(
    found: Mapping[str, Sequence[int]], known: Iterable[str], place: str, what: str
) -> Iterator[str]:
    """Yield a sentence for each new name, with its lines, that has a twin."""
    for name, twin in find_twins(found, known):
        if twin in found:
            one, other = sorted((name, twin), key=lambda each: (len(found[each]), found[each]))
            yield (
                f"{one} ({name_lines(found[one]).lower()}) and {other} "
                f"({name_lines(found[other]).lower()}) are both new{place}. Are they one {what}?"
            )
        else:
            where = name_lines(found[name])
            yield f"{where}: {name} is new{place}. Did you mean {twin}?"


def find_replaced_names(lines: Iterable[RosterRow], people: Iterable[object]) -> Iterator[str]:
    """Warn of known addresses for which the file has the name of, it seems, someone else."""
    spoken = by_key(lines, lambda line: line.email)
    changed = [each for each in people if isinstance(each, ChangedPerson)]
    for person in changed:
        for edit in person.edits:
            if edit.field == "name" and edit.before and _are_strangers(edit.before, edit.after):
                where = name_lines(_numbers(spoken[person.email]))
                yield (
                    f"{where}: {person.email} is the address of {edit.before}, who would be "
                    f"renamed {edit.after}. Is this the same person?"
                )


def find_closed_accounts(
    lines: Iterable[RosterRow], facts: RosterFacts, memberships: Iterable[object]
) -> Iterator[str]:
    """Warn of people who join or move although their account is closed."""
    spoken = by_key(lines, lambda line: line.email)
    closed = {person.pk for person in facts.people if not person.is_active}
    for each in memberships:
        if isinstance(each, Joining) and each.user_id in closed:
            where = name_lines(_numbers(spoken[each.email]))
            yield (
                f"{where}: the account of {each.name} ({each.email}) is closed, so they get no "
                "access and no messages. Open it on their page."
            )


def _are_strangers(one: str, other: str) -> bool:
    """Return whether two names have no word in common, and are not one with a mistake."""
    words = set(simplify(one).split()) & set(simplify(other).split())
    return not words and not _are_one_name(one, other)


def find_twin_people(
    lines: Iterable[RosterRow],
    facts: RosterFacts,
    people: Iterable[object],
    memberships: Iterable[object],
) -> Iterator[str]:
    """Warn of new people who are probably someone else's second entry.

    Their addresses differ by one letter and their names by none or one, or only the domains of
    their addresses differ; or people of one group have one name.
    """
    fresh = [each for each in people if isinstance(each, NewPerson)]
    new = {each.email: _Entry(each.name, each.email) for each in fresh}
    spoken = by_key(lines, lambda line: line.email)
    pairs = [*_find_twin_addresses(new, facts), *_find_namesakes(new, facts, memberships)]
    seen: set[frozenset[_Entry]] = set()
    for person, other in pairs:
        if frozenset((person, other)) not in seen:
            seen.add(frozenset((person, other)))
            where = name_lines(_numbers(spoken[person.email] + spoken.get(other.email, [])))
            yield f"{where}: {person} is new. Is this the same person as {other}?"


def _find_twin_addresses(
    new: Mapping[str, _Entry], facts: RosterFacts
) -> Iterator[tuple[_Entry, _Entry]]:
    there = [*facts.people, *facts.namesakes, *(member.user for member in facts.members)]
    known = {each.email: _Entry(each.name, each.email) for each in there if each.email}
    for email, twin in find_twin_addresses(new, known):
        person, other = new[email], known.get(twin) or new[twin]
        has_one_mailbox = email.partition("@")[0] == twin.partition("@")[0]
        if has_one_mailbox or _are_one_name(person.name, other.name):
            yield person, other


def _are_one_name(one: str, other: str) -> bool:
    return simplify(one) == simplify(other) or are_twins(one, other)


def _find_namesakes(
    new: Mapping[str, _Entry], facts: RosterFacts, memberships: Iterable[object]
) -> Iterator[tuple[_Entry, _Entry]]:
    """Yield new people with people of their group who have the same name, or almost: first and
    last name must then be given."""
    members = by_key(facts.members, lambda member: member.group_id)
    joining = [each for each in memberships if isinstance(each, Joining)]
    for within in by_key(joining, lambda each: each.group_key).values():
        there = members.get(within[0].group_id, []) if within[0].group_id else []
        people = [
            *(_Entry(member.user.name, member.user.email or "") for member in there),
            *(_Entry(each.name, each.email) for each in within),
        ]
        yield from _pair_by_name(people, new)


def _pair_by_name(
    people: Collection[_Entry], new: Mapping[str, _Entry]
) -> Iterator[tuple[_Entry, _Entry]]:
    by_name = by_key(dict.fromkeys(people), lambda person: simplify(person.name) or None)
    for first, *others in by_name.values():
        for other in others:
            if other.email in new:
                yield other, first
            elif first.email in new:
                yield first, other
    full = {name: alike[0] for name, alike in by_name.items() if " " in name}
    fresh = [name for name, person in full.items() if person.email in new]
    known = [name for name, person in full.items() if person.email not in new]
    for name, twin in find_twins(fresh, known):
        yield full[name], full[twin]
