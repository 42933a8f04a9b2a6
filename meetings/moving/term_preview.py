"""Previews of changes to a cohort's start date or number of meetings.

Nothing is changed here. Once the cohort is saved, its meetings
are updated by the same rules (`meetings.derivation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime

from cohorts.models import Group
from cohorts.models.courses import set_up_group
from cohorts.services.terms import Term
from meetings.derivation import diff_meetings, make_room
from meetings.meeting_times import span_of
from meetings.models import MeetingMove
from meetings.moving.facts import read_facts
from meetings.moving.preview import Preview, preview_changes
from meetings.moving.types import Change, MoveFacts


def preview_terms(
    cohort_id: int, term: Term, now: datetime, by: int | None = None
) -> Iterator[Preview]:
    """Yield one preview for each group that is set up and whose meetings would change."""
    groups = Group.objects.filter(set_up_group(), cohort=cohort_id).order_by("name", "pk")
    for group_id in groups.values_list("pk", flat=True):
        facts = read_facts(group_id)
        changes, notes = find_changes(facts, term, now)
        if changes:
            kind = MeetingMove.Kind.FOLLOWED
            yield preview_changes(facts.group, kind, changes, notes=notes, now=now, by=by)


def find_changes(
    facts: MoveFacts, term: Term, now: datetime
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the changes to a group's meetings, and notes on what users might not expect. Pure."""
    wanted = replace(facts.rhythm, start_date=term.start_date, count=term.number_of_meetings)
    rows = [copy(row) for row in facts.rows]
    rhythm = make_room(facts.group, wanted, rows, now)
    rows += diff_meetings(facts.group, rhythm, rows, now).create
    before = {row.pk: span_of(row) for row in facts.rows}
    found = [Change(row.pk, row.number, before.get(row.pk), span_of(row)) for row in rows]
    changes = tuple(change for change in found if change.before != change.after)
    notes = tuple(
        f"The week of {day:%-d %B %Y} is skipped because of a break, or because the "
        "group has another meeting at that time."
        for day in sorted(rhythm.skipped - wanted.skipped)
    )
    return changes, notes
