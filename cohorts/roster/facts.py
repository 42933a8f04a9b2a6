"""Load what a roster refers to from the database, as frozen values."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Q

from cohorts.models import Cohort, Course, FormerAddress, Group, Membership, User
from cohorts.roster.file.rows import RosterRow, fold
from cohorts.roster.file.slots import RosterSlot


@dataclass(frozen=True, slots=True)
class CourseFact:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class CohortFact:
    id: int
    course_id: int
    name: str
    start_date: date
    number_of_meetings: int
    is_open: bool
    smallest_group: int | None = None


@dataclass(frozen=True, slots=True)
class GroupFact:
    id: int
    cohort_id: int
    name: str
    status: str
    slot: RosterSlot | None
    timezone: str
    size: int | None
    set_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonFact:
    """A person; `has_signed_in` means at any time, with a password or with Discord."""

    id: int
    email: str | None
    name: str
    discord_id: int | None
    is_staff: bool = False
    has_signed_in: bool = False
    is_active: bool = True

    @property
    def has_account(self) -> bool:
        """Return whether a changed Discord id could give someone else access to this account."""
        return self.is_staff or self.has_signed_in


@dataclass(frozen=True, slots=True)
class MemberFact:
    """An active membership."""

    id: int
    user_id: int
    group_id: int
    cohort_id: int
    role: str
    name: str = ""
    email: str | None = None


_N = TypeVar("_N", CourseFact, CohortFact, GroupFact)


@dataclass(frozen=True)
class RosterFacts:
    """All courses, the cohorts that the file names with their groups and members, and the
    people.

    `siblings` are the names of all cohorts by course; `namesakes` are further people who have the
    name of someone in the file.
    """

    courses: tuple[CourseFact, ...] = ()
    cohorts: tuple[CohortFact, ...] = ()
    groups: tuple[GroupFact, ...] = ()
    people: tuple[PersonFact, ...] = ()
    members: tuple[MemberFact, ...] = ()
    former: Mapping[str, PersonFact] = field(default_factory=dict)  # by former address
    siblings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    namesakes: tuple[PersonFact, ...] = ()

    def course(self, name: str) -> CourseFact | None:
        return find_named(self.courses, name)

    def cohort(self, course: str, name: str) -> CohortFact | None:
        known = self.course(course)
        if known is None:
            return None
        return find_named((each for each in self.cohorts if each.course_id == known.id), name)


def find_named(named: Iterable[_N], name: str) -> _N | None:
    """Return the object with exactly this name, or else the first one that differs only in case."""
    alike = [each for each in named if fold(each.name) == fold(name)]
    return next((each for each in alike if each.name == name), alike[0] if alike else None)


def load_facts(lines: Collection[RosterRow]) -> RosterFacts:
    """Load the facts with a constant number of queries for a file of any size."""
    rows = Course.objects.order_by("pk").values_list("pk", "name")
    courses = tuple(CourseFact(*row) for row in rows)
    cohorts, siblings = _load_cohorts(courses, lines)
    ids = [cohort.id for cohort in cohorts]
    people, namesakes = _load_people(lines)
    return RosterFacts(
        courses=courses,
        cohorts=cohorts,
        groups=_load_groups(ids),
        people=people,
        members=_load_members(ids),
        former=_load_former(lines),
        siblings=siblings,
        namesakes=namesakes,
    )


def _load_cohorts(
    courses: Iterable[CourseFact], lines: Iterable[RosterRow]
) -> tuple[tuple[CohortFact, ...], dict[int, tuple[str, ...]]]:
    """Return the cohorts that the file names, and the names of all cohorts by course."""
    named = {line.cohort_key for line in lines}
    names = {course.id: fold(course.name) for course in courses}
    siblings: dict[int, tuple[str, ...]] = {}
    found = []
    for row in Cohort.objects.filter(course__in=names).order_by("pk"):
        siblings[row.course_id] = (*siblings.get(row.course_id, ()), row.name)
        if (names[row.course_id], fold(row.name)) in named:
            found.append(_cohort(row))
    return tuple(found), siblings


def _cohort(row: Cohort) -> CohortFact:
    return CohortFact(
        row.pk,
        row.course_id,
        row.name,
        row.start_date,
        row.number_of_meetings,
        row.status == Cohort.Status.OPEN,
        row.smallest_group,
    )


def _load_groups(cohort_ids: Collection[int]) -> tuple[GroupFact, ...]:
    rows = Group.objects.filter(cohort__in=cohort_ids).order_by("pk")
    return tuple(
        GroupFact(
            row.pk,
            row.cohort_id,
            row.name,
            row.status,
            slot_of(row),
            row.timezone,
            row.size,
            row.set_up_at,
        )
        for row in rows
    )


def slot_of(group: Group) -> RosterSlot | None:
    if group.weekday is None or group.start_time is None:
        return None
    return RosterSlot(group.weekday, group.start_time, group.duration_minutes)


def _load_people(
    lines: Collection[RosterRow],
) -> tuple[tuple[PersonFact, ...], tuple[PersonFact, ...]]:
    """Return the people whose address or Discord id is in the file, and their namesakes."""
    emails = {line.email for line in lines if line.email}
    discord_ids = {line.discord_id for line in lines if line.discord_id}
    names = {line.name for line in lines if line.name}
    # One query: the import may not need more of them than before.
    rows = User.objects.filter(
        Q(email__in=emails) | Q(discord_id__in=discord_ids) | Q(name__in=names)
    )
    people: list[PersonFact] = []
    namesakes: list[PersonFact] = []
    for row in rows.order_by("pk"):
        is_named = row.email in emails or row.discord_id in discord_ids
        (people if is_named else namesakes).append(_person(row))
    return tuple(people), tuple(namesakes)


def _load_former(lines: Iterable[RosterRow]) -> dict[str, PersonFact]:
    emails = {line.email for line in lines if line.email}
    rows = FormerAddress.objects.filter(email__in=emails).select_related("user")
    return {row.email: _person(row.user) for row in rows}


def _person(row: User) -> PersonFact:
    return PersonFact(
        row.pk,
        row.email,
        row.name,
        row.discord_id,
        is_staff=row.is_staff or row.is_superuser,
        # Each sign-in sets `last_login`; an unfinished one with Discord sets only `discord_email`.
        has_signed_in=row.last_login is not None or bool(row.discord_email),
        is_active=row.is_active,
    )


def _load_members(cohort_ids: Collection[int]) -> tuple[MemberFact, ...]:
    rows = Membership.objects.filter(cohort__in=cohort_ids, status=Membership.Status.ACTIVE)
    columns = ("pk", "user", "group", "cohort", "role", "user__name", "user__email")
    return tuple(MemberFact(*row) for row in rows.order_by("pk").values_list(*columns))
