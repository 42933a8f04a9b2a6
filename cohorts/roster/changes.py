"""The changes that a roster import would make, each with a description for the preview.

If an id is None, the same plan creates the object; it is found by its key or e-mail.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from cohorts.roster.file.rows import CohortKey, GroupKey, fold
from cohorts.roster.file.slots import RosterSlot, name_time
from cohorts.words import count


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A new value for one field of a row; `title` is the field's name for people."""

    field: str
    title: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.title} {_show(self.before)} → {_show(self.after)}"


def _show(value: Any) -> str:
    return "none" if value is None else str(value)


def _list_edits(edits: tuple[FieldChange, ...]) -> str:
    return "; ".join(str(edit) for edit in edits)


@dataclass(frozen=True, slots=True)
class NewCourse:
    counted: ClassVar = ("new course", "new courses")
    name: str

    @property
    def key(self) -> str:
        return fold(self.name)

    def words(self, today: date) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class NewCohort:
    counted: ClassVar = ("new cohort", "new cohorts")
    key: CohortKey
    course_id: int | None
    course: str
    name: str
    start_date: date
    number_of_meetings: int

    def words(self, today: date) -> str:
        meetings = count(self.number_of_meetings, "meeting")
        return f"{self.course}: {self.name}, starts {self.start_date:%-d %B %Y}, {meetings}"


@dataclass(frozen=True, slots=True)
class ChangedCohort:
    """Changes to a cohort; `line` is the first line of the file that makes one.

    `set_up` names its groups that are set up, whose people hold invitations.  If there are any, the
    consequences must be confirmed (`cohorts.services.terms`).
    """

    counted: ClassVar = ("cohort changes", "cohorts change")
    id: int
    name: str
    edits: tuple[FieldChange, ...]
    start_date: date
    number_of_meetings: int
    line: int
    set_up: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        return bool(self.set_up)

    def words(self, today: date) -> str:
        running = " (the cohort is running)" if self.is_running else ""
        return f"{self.name}: {_list_edits(self.edits)}{running}"


@dataclass(frozen=True, slots=True)
class NewGroup:
    counted: ClassVar = ("new group", "new groups")
    key: GroupKey
    cohort_id: int | None
    name: str
    slot: RosterSlot | None
    timezone: str

    def words(self, today: date) -> str:
        return f"{self.name}: {name_time(self.slot, self.timezone)}"


@dataclass(frozen=True, slots=True)
class ChangedGroup:
    counted: ClassVar = ("group changes", "groups change")
    id: int
    name: str
    edits: tuple[FieldChange, ...]

    def words(self, today: date) -> str:
        return f"{self.name}: {_list_edits(self.edits)}"


@dataclass(frozen=True, slots=True)
class NewPerson:
    counted: ClassVar = ("new person", "new people")
    email: str
    name: str
    discord_id: int | None
    timezone: str

    def words(self, today: date) -> str:
        discord = f"Discord ID {self.discord_id}" if self.discord_id else "no Discord ID"
        return f"{self.name}, {self.email}, {discord}"


@dataclass(frozen=True, slots=True)
class ChangedPerson:
    counted: ClassVar = ("person changes", "people change")
    id: int
    email: str
    edits: tuple[FieldChange, ...]

    def words(self, today: date) -> str:
        return f"{self.email}: {_list_edits(self.edits)}"


@dataclass(frozen=True, slots=True)
class Leaving:
    """The membership that ends because the person moves."""

    membership_id: int
    group: str

    def words(self, today: date) -> str:
        return f"the membership in {self.group} ends on {today:%-d %B %Y}"


@dataclass(frozen=True, slots=True)
class Joining:
    email: str
    user_id: int | None
    name: str
    group_key: GroupKey
    group_id: int | None
    cohort_id: int | None
    group: str
    role: str
    leaving: Leaving | None = None

    @property
    def counted(self) -> tuple[str, str]:
        return ("person moves", "people move") if self.leaving else ("person joins", "people join")

    def words(self, today: date) -> str:
        if self.leaving:
            end = self.leaving.words(today)
            return f"{self.name} moves from {self.leaving.group} to {self.group}: {end}"
        return f"{self.name} joins {self.group} as {self.role}"


@dataclass(frozen=True, slots=True)
class RoleChange:
    counted: ClassVar = ("role changes", "roles change")
    membership_id: int
    name: str
    group: str
    role: str
    leaving: Leaving | None = None

    def words(self, today: date) -> str:
        end = f"; {self.leaving.words(today)}" if self.leaving else ""
        return f"{self.name} becomes {self.role} of {self.group}{end}"


Change = (
    NewCourse
    | NewCohort
    | ChangedCohort
    | NewGroup
    | ChangedGroup
    | NewPerson
    | ChangedPerson
    | Joining
    | RoleChange
)
