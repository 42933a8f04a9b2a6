"""Read what a roster refers to: rows of the database, which planning never changes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Q

from cohorts.models import Cohort, Course, FormerAddress, Group, Membership, User
from cohorts.roster.file.rows import RosterRow, fold
from cohorts.roster.file.slots import RosterSlot

MEMBER_COLUMNS = ("user__name", "user__email", "group", "cohort", "role")
_N = TypeVar("_N", Course, Cohort, Group)


@dataclass(frozen=True)
class RosterFacts:
    """All courses, the cohorts that the file names with their groups and active memberships, and
    the people.

    `siblings` are the names of all cohorts by course; `namesakes` are further people who have the
    name of someone in the file.
    """

    courses: tuple[Course, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    groups: tuple[Group, ...] = ()
    people: tuple[User, ...] = ()
    members: tuple[Membership, ...] = ()  # with their users
    former: Mapping[str, User] = field(default_factory=dict)  # by former address
    siblings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    namesakes: tuple[User, ...] = ()

    def course(self, name: str) -> Course | None:
        return find_named(self.courses, name)

    def cohort(self, course: str, name: str) -> Cohort | None:
        known = self.course(course)
        if known is None:
            return None
        return find_named((each for each in self.cohorts if each.course_id == known.pk), name)


def find_named(named: Iterable[_N], name: str) -> _N | None:
    """Return the object with exactly this name, or else the first one that differs only in case."""
    alike = [each for each in named if fold(each.name) == fold(name)]
    return next((each for each in alike if each.name == name), alike[0] if alike else None)


def slot_of(group: Group) -> RosterSlot | None:
    if group.weekday is None or group.start_time is None:
        return None
    return RosterSlot(group.weekday, group.start_time, group.duration_minutes)


def load_facts(lines: Collection[RosterRow]) -> RosterFacts:
    """Load the facts with a constant number of queries for a file of any size."""
    courses = tuple(Course.objects.order_by("pk"))
    cohorts, siblings = _load_cohorts(courses, lines)
    members = Membership.objects.filter(cohort__in=cohorts, status=Membership.Status.ACTIVE)
    members = members.select_related("user").only(*MEMBER_COLUMNS)
    people, namesakes = _load_people(lines)
    return RosterFacts(
        courses=courses,
        cohorts=cohorts,
        groups=tuple(Group.objects.filter(cohort__in=cohorts).order_by("pk")),
        people=people,
        members=tuple(members.order_by("pk")),
        former=_load_former(lines),
        siblings=siblings,
        namesakes=namesakes,
    )


def _load_cohorts(
    courses: Iterable[Course], lines: Iterable[RosterRow]
) -> tuple[tuple[Cohort, ...], dict[int, tuple[str, ...]]]:
    """Return the cohorts that the file names, and the names of all cohorts by course."""
    named = {line.cohort_key for line in lines}
    names = {course.pk: fold(course.name) for course in courses}
    siblings: dict[int, tuple[str, ...]] = {}
    found = []
    for row in Cohort.objects.filter(course__in=names).order_by("pk"):
        siblings[row.course_id] = (*siblings.get(row.course_id, ()), row.name)
        if (names[row.course_id], fold(row.name)) in named:
            found.append(row)
    return tuple(found), siblings


def _load_people(lines: Collection[RosterRow]) -> tuple[tuple[User, ...], tuple[User, ...]]:
    """Return the people whose address or Discord id is in the file, and their namesakes."""
    emails = {line.email for line in lines if line.email}
    discord_ids = {line.discord_id for line in lines if line.discord_id}
    names = {line.name for line in lines if line.name}
    # One query: the import may not need more of them than before.
    rows = User.objects.filter(
        Q(email__in=emails) | Q(discord_id__in=discord_ids) | Q(name__in=names)
    )
    people: list[User] = []
    namesakes: list[User] = []
    for row in rows.order_by("pk"):
        is_named = row.email in emails or row.discord_id in discord_ids
        (people if is_named else namesakes).append(row)
    return tuple(people), tuple(namesakes)


def _load_former(lines: Iterable[RosterRow]) -> dict[str, User]:
    emails = {line.email for line in lines if line.email}
    rows = FormerAddress.objects.filter(email__in=emails).select_related("user")
    return {row.email: row.user for row in rows}
