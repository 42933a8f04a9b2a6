"""What a roster import would do, for the preview and the confirmation."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date

from cohorts.roster.changes import (
    Change,
    ChangedCohort,
    ChangedGroup,
    ChangedPerson,
    Joining,
    NewCohort,
    NewCourse,
    NewGroup,
    NewPerson,
    RoleChange,
)
from cohorts.roster.groups_after import GroupAfter
from cohorts.roster.problems import Problem


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a preview with its changes; those of memberships also by group, with a title
    and names for each way in which people come or leave."""

    title: str
    words: tuple[str, ...]
    groups: tuple[tuple[GroupAfter, list[tuple[str, str]]], ...] = ()


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """The changes that a file would make to the current facts, or its problems.

    A plan with problems must not be applied.  `warnings` name what is probably a mistake, and
    `groups_after` the groups that the file concerns as they will be; both only inform.
    """

    courses: tuple[NewCourse, ...] = ()
    cohorts: tuple[NewCohort | ChangedCohort, ...] = ()
    groups: tuple[NewGroup | ChangedGroup, ...] = ()
    people: tuple[NewPerson | ChangedPerson, ...] = ()
    memberships: tuple[Joining | RoleChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    groups_after: tuple[GroupAfter, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.courses, *self.cohorts, *self.groups, *self.people, *self.memberships)

    @property
    def running(self) -> tuple[ChangedCohort, ...]:
        """Return the changes to running cohorts, which a user must confirm."""
        changed = (each for each in self.cohorts if isinstance(each, ChangedCohort))
        return tuple(each for each in changed if each.is_running)

    @property
    def digest(self) -> str:
        """Return a hash of the changes, to check that the plan applied is the plan confirmed."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()

    def summary(self) -> str:
        """Return the changes in numbers: "1 new cohort, 3 new groups, 24 people join"."""
        counts = Counter(change.counted for change in self.changes)
        numbers = [f"{n} {one if n == 1 else many}" for (one, many), n in counts.items()]
        return ", ".join(numbers) or "No changes: everything is already up to date"

    def sections(self, today: date) -> list[Section]:
        """Return the changes in words under their headings, without empty headings."""
        parts = {
            "Courses": self.courses,
            "Cohorts": self.cohorts,
            "Groups": self.groups,
            "People": self.people,
            "Memberships": self.memberships,
        }
        concerned = (group for group in self.groups_after if group.has_changes)
        groups = tuple((group, group.parts(today)) for group in concerned)
        return [
            Section(
                title,
                tuple(change.words(today) for change in changes),
                groups if changes is self.memberships else (),
            )
            for title, changes in parts.items()
            if changes
        ]
