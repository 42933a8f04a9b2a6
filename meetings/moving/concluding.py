"""What has changed in a group's rows, and whether its meetings overlap now. Pure."""

from collections.abc import Iterable

from cohorts.errors import Refusal
from cohorts.models import Group
from meetings.derivation import DERIVED_FIELDS
from meetings.meeting_times import span_of
from meetings.models import Meeting
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.moving.wall_time import name_moment
from meetings.rhythm import Rhythm


def conclude(
    facts: MoveFacts, rows: Iterable[Meeting], rhythm: Rhythm, kind: str
) -> Decision | None:
    """Return what has changed since the facts; None if no one would notice. Raises
    Refusal("clash")."""
    rows = list(rows)
    before = {row.pk: row for row in facts.rows}
    written = [row for row in rows if _values(row) != _values(before.get(row.pk))]
    changes = tuple(
        change
        for row in written
        if (change := _change(before.get(row.pk), row)).before != change.after
    )
    if not changes:
        return None
    _check_clash(facts.group, rows, changes)
    return Decision(kind=kind, rows=tuple(written), rhythm=rhythm, changes=changes, notes=())


def _values(row: Meeting | None) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in DERIVED_FIELDS) if row else ()


def _change(before: Meeting | None, after: Meeting) -> Change:
    return Change(after.pk, after.number, span_of(before), span_of(after))


def _check_clash(group: Group, rows: Iterable[Meeting], changes: Iterable[Change]) -> None:
    held = [(row, span) for row in rows if (span := span_of(row))]
    for change in changes:
        for row, span in held:
            if change.after and row.pk != change.meeting_id and span.overlaps(change.after):
                when = name_moment(span.starts_at, group.timezone)
                raise Refusal(
                    "clash",
                    f"{_capitalize(change.label)} would overlap with {row.label} of the same "
                    f"group: {when}. Choose another time, or move the other meeting first.",
                )


def _capitalize(words: str) -> str:
    return words[:1].upper() + words[1:]
