"""Previews of moves: what a move would change, and who is affected. Read-only."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Group, User
from cohorts.registries import Registry
from cohorts.selectors import members_of
from cohorts.words import count, count_people
from meetings.models import Attendance
from meetings.moving.clashes import Clash, find_clashes, name_for
from meetings.moving.facts import group_of, read_facts
from meetings.moving.moves import Move
from meetings.moving.rules import decide
from meetings.moving.types import Change
from meetings.registries import find_leaders

GUEST, SUBSTITUTE = "guest", "substitute"


@dataclass(frozen=True, slots=True)
class Affected:
    """A person who will get a message. `role`: participant, facilitator, guest or substitute."""

    user_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Option:
    """A meeting that a person could attend instead."""

    group: str
    number: int | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Consequence:
    """An effect on a person, reported by a higher layer, and the meetings open to them instead.

    `options` is None if the person has no choice to make.
    """

    name: str
    sentence: str
    options: tuple[Option, ...] | None = None


FindConsequences = Callable[[Sequence[Change], datetime], Iterable[Consequence]]

consequences: Registry[FindConsequences] = Registry("consequences of a move")


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything a move would do. `group` has cohort and course loaded.

    `digest` is equal for equal previews.
    """

    group: Group
    kind: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    affected: tuple[Affected, ...]
    clashes: tuple[Clash, ...]
    consequences: tuple[Consequence, ...]

    @property
    def digest(self) -> str:
        seen = (
            self.kind,
            self.changes,
            self.notes,
            self.affected,
            [(c.user_id, c.number, c.other.pk, c.other.starts_at) for c in self.clashes],
            self.consequences,
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]

    def summary(self) -> str:
        """Summarize in numbers: "Alpha: 3 meetings to change (no longer held: 1); …"."""
        gone = sum(change.after is None for change in self.changes)
        ends = sum(each.options is not None for each in self.consequences)
        return (
            f"{self.group}: {count(len(self.changes), 'meeting')} to change (no longer held: "
            f"{gone}); {count(ends, 'visit')} to end; "
            f"{count_people(len(self.affected))} to get a message"
        )


def preview_move(move: Move, *, now: datetime, by: int | None = None) -> Preview:
    """Return what the move would do, as the user `by` may see it. `by` does not affect the digest.

    Twelve queries, and those of the registered consequences. Raises Refusal as `decide` does.
    """
    facts = read_facts(group_of(move))
    decision = decide(move, facts, now)
    return preview_changes(
        facts.group, decision.kind, decision.changes, notes=decision.notes, now=now, by=by
    )


def preview_changes(
    group: Group,
    kind: str,
    changes: tuple[Change, ...],
    *,
    notes: tuple[str, ...],
    now: datetime,
    by: int | None,
) -> Preview:
    """Return what changes to a group's meetings mean for people, as the user `by` may see it."""
    people = _read_people(group.pk, changes)
    # A substitute is released when the meeting moves: its new time is not theirs.
    attending = [person for person, role in people.values() if role != SUBSTITUTE]
    clashes = find_clashes(group.pk, attending, changes)
    viewer = User.objects.filter(pk=by).first() if clashes and by else None
    return Preview(
        group=group,
        kind=kind,
        changes=changes,
        notes=notes,
        affected=tuple(
            Affected(person.pk, person.display_name, role) for person, role in people.values()
        ),
        clashes=tuple(name_for(viewer, clashes) if viewer else clashes),
        consequences=tuple(_find_consequences(changes, now)),
    )


def _read_people(group_id: int, changes: Iterable[Change]) -> dict[int, tuple[User, str]]:
    """Return the members, and the guests and substitutes of the meetings that change, whose
    accounts are open."""
    members = members_of([group_id]).filter(user__is_active=True)
    people = {row.user_id: (row.user, str(row.role)) for row in members}
    guests = Attendance.objects.filter(
        meeting__in=[change.meeting_id for change in changes if change.meeting_id],
        is_guest=True,
        user__is_active=True,
    ).exclude(rsvp=Attendance.Rsvp.NOT_ATTENDING)
    for row in guests.select_related("user").order_by("user__name", "user"):
        people.setdefault(row.user_id, (row.user, GUEST))
    for leading in find_leaders([pk for pk in map(_released_from, changes) if pk]).values():
        for leader in leading:
            people.setdefault(leader.person.pk, (leader.person, SUBSTITUTE))
    return people


def _released_from(change: Change) -> int | None:
    """Return the meeting if a substitute no longer leads it: not if only its length changes."""
    if change.before and change.after and change.before.starts_at == change.after.starts_at:
        return None
    return change.meeting_id


def _find_consequences(changes: Sequence[Change], now: datetime) -> Iterable[Consequence]:
    """Yield the effects that higher layers report."""
    for find in consequences.values():
        yield from find(changes, now)
