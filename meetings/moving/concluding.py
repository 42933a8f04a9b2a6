"""What has changed in a group's rows, and whether its meetings overlap now. Pure."""

from collections.abc import Iterable

from django.utils.text import capfirst

from cohorts.errors import Refusal
from cohorts.models import Group
from meetings.derivation import values_of
from meetings.meeting_times import span_of
from meetings.models import Meeting
from meetings.moving.types import Change, Decision, MoveFacts, find_changes
from meetings.moving.wall_time import name_moment
from meetings.rhythm import Rhythm


def conclude(
    facts: MoveFacts, rows: Iterable[Meeting], rhythm: Rhythm, kind: str
) -> Decision | None:
    """Return what has changed since the facts; None if no one would notice. Raises
    Refusal("clash")."""
    rows = list(rows)
    changes = find_changes(facts.rows, rows)
    if not changes:
        return None
    _check_clash(facts.group, rows, changes)
    before = {row.pk: values_of(row) for row in facts.rows}
    written = tuple(row for row in rows if values_of(row) != before.get(row.pk))
    return Decision(kind=kind, rows=written, rhythm=rhythm, changes=changes, notes=())


def _check_clash(group: Group, rows: Iterable[Meeting], changes: Iterable[Change]) -> None:
    held = [(row, span) for row in rows if (span := span_of(row))]
    for change in changes:
        for row, span in held:
            if change.after and row.pk != change.meeting_id and span.overlaps(change.after):
                when = name_moment(span.starts_at, group.timezone)
                raise Refusal(
                    "clash",
                    f"{capfirst(change.label)} would overlap with {row.label} of the same "
                    f"group: {when}. Choose another time, or move the other meeting first.",
                )
