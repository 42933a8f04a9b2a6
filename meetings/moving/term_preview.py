"""Previews of changes to a cohort's start date or number of meetings.

Nothing is changed here. Once the cohort is saved, its meetings
are updated by the same rules (`meetings.derivation`).
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime

from cohorts.models import Group
from cohorts.models.courses import set_up_group
from cohorts.services.terms import Term
from meetings.derivation import diff_meetings, make_room
from meetings.models import Meeting, MeetingMove
from meetings.moving.facts import read_facts
from meetings.moving.forecasts import (
    MailForecast,
    MovedGroup,
    describe_rows,
    forecast_groups,
)
from meetings.moving.preview import Preview, preview_changes
from meetings.moving.types import Change, MoveFacts, find_changes


def preview_terms(
    cohort_id: int, term: Term, now: datetime, by: int | None = None
) -> Iterator[Preview]:
    """Yield one preview for each group that is set up and whose meetings would change."""
    for group_id in _groups_of(cohort_id):
        facts = read_facts(group_id)
        _, changes, notes = _apply(facts, term, now)
        if changes:
            kind = MeetingMove.Kind.FOLLOWED
            yield preview_changes(facts.group, kind, changes, notes=notes, now=now, by=by)


def forecast_term_mails(cohort_id: int, term: Term, now: datetime) -> list[MailForecast]:
    """Return how many e-mails each calendar will send about the change."""
    moved = []
    for group_id in _groups_of(cohort_id):
        facts = read_facts(group_id)
        rows, changes, _ = _apply(facts, term, now)
        if changes:
            slot = facts.rhythm.slot
            moved.append(MovedGroup(facts.group, slot, describe_rows(rows), changes))
    return forecast_groups(moved, now) if moved else []


def _groups_of(cohort_id: int) -> list[int]:
    groups = Group.objects.filter(set_up_group(), cohort=cohort_id).order_by("name", "pk")
    return list(groups.values_list("pk", flat=True))


def _apply(
    facts: MoveFacts, term: Term, now: datetime
) -> tuple[list[Meeting], tuple[Change, ...], tuple[str, ...]]:
    """Return a group's meetings as they will be, the changes, and notes on what users might not
    expect. Pure."""
    wanted = replace(facts.rhythm, start_date=term.start_date, count=term.number_of_meetings)
    rows = [copy(row) for row in facts.rows]
    rhythm = make_room(facts.group, wanted, rows, now)
    rows += diff_meetings(facts.group, rhythm, rows, now).create
    notes = tuple(
        f"The week of {day:%-d %B %Y} is skipped because of a break, or because the "
        "group has another meeting at that time."
        for day in sorted(rhythm.skipped - wanted.skipped)
    )
    return rows, find_changes(facts.rows, rows), notes
