"""Data types of moving: the input (`MoveFacts`) and the result (`Decision`) of the rules."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cohorts.models import Group
from meetings.meeting_times import MeetingTime, span_of
from meetings.models import Meeting
from meetings.rhythm import Rhythm, name_meeting


@dataclass(frozen=True, slots=True)
class MoveFacts:
    """A group with its cohort, rhythm and all rows. Treat them as read-only.

    `attended`: ids of the meetings at which anyone was, including guests.
    """

    group: Group
    rhythm: Rhythm
    rows: Sequence[Meeting]
    attended: Collection[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one meeting. None: it is not held. A new meeting has no id yet."""

    meeting_id: int | None
    number: int | None  # None: an extra session
    before: MeetingTime | None
    after: MeetingTime | None

    @property
    def label(self) -> str:
        return name_meeting(self.number)


def find_changes(before: Iterable[Meeting], after: Iterable[Meeting]) -> tuple[Change, ...]:
    """Return how these rows have changed: those whose time is another one."""
    held = {row.pk: span_of(row) for row in before}
    found = (Change(row.pk, row.number, held.get(row.pk), span_of(row)) for row in after)
    return tuple(change for change in found if change.before != change.after)


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a move.

    `rows` are to be saved, new ones without an id; `rhythm` is the group's new rhythm. `notes` are
    sentences about effects that the user might not expect.
    """

    kind: str  # a value of MeetingMove.Kind
    rows: tuple[Meeting, ...]
    rhythm: Rhythm
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
