"""Carrying out moves after a preview."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Group
from cohorts.services.groups import SLOT_FIELDS
from cohorts.services.locks import lock_groups
from cohorts.signals import announce, announced_together, meetings_changed
from meetings.derivation import DERIVED_FIELDS
from meetings.models import EarlierSlot, Meeting, MeetingMove, SkippedWeek
from meetings.moving.facts import group_of, read_facts
from meetings.moving.history import record_move
from meetings.moving.moves import Move
from meetings.moving.preview import preview_move
from meetings.moving.rules import decide
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.rhythm import Rhythm

SHOWN_CHANGES = 20  # meetings in the entry of one move


@transaction.atomic
def carry_out(
    move: Move, *, by: int | None, now: datetime, seen: str = "", reason: str = ""
) -> MeetingMove:
    """Carry out a move in one transaction: rows, rhythm, slot, and the record used for messages.

    `seen` is the digest of the preview that a person has confirmed; people read `reason` in their
    message. Raises Refusal: facts_changed
    if that preview would now be different, and those of meetings.moving.rules.
    """
    group_id = group_of(move)
    lock_groups([group_id])
    if seen and preview_move(move, now=now).digest != seen:
        raise Refusal(
            "facts_changed",
            "The data has changed since the preview. Nothing was changed. Check the new preview.",
        )
    facts = read_facts(group_id)
    decision = decide(move, facts, now)
    with announced_together():
        changes = write_decision(facts, decision)
        announce([group_id], meetings_changed)
        made = record_move(group_id, decision.kind, changes, by=by, now=now, reason=reason)
    record(
        "meetings_moved",
        by=by,
        group=facts.group,
        about=Meeting(pk=changes[0].meeting_id) if len(changes) == 1 else made,
        changes=dict(map(_describe_change, changes[:SHOWN_CHANGES])),
        reason=reason,
    )
    return made


def _describe_change(change: Change) -> tuple[str, list[datetime | str]]:
    spans = (change.before, change.after)
    return change.label.capitalize(), [span.starts_at if span else "not held" for span in spans]


def write_decision(facts: MoveFacts, decision: Decision) -> list[Change]:
    """Write rows, rhythm and slot. Return the changes, with the ids of new meetings filled in."""
    changes = _write_rows(decision)
    _write_rhythm(facts.group, facts.rhythm, decision.rhythm)
    return changes


def _write_rows(decision: Decision) -> list[Change]:
    new = [row for row in decision.rows if row.pk is None]
    Meeting.objects.bulk_update([row for row in decision.rows if row.pk], DERIVED_FIELDS)
    made = iter(Meeting.objects.bulk_create(new))
    return [
        change if change.meeting_id else replace(change, meeting_id=next(made).pk)
        for change in decision.changes
    ]


def _write_rhythm(group: Group, before: Rhythm, after: Rhythm) -> None:
    SkippedWeek.objects.filter(group=group, day__in=before.skipped - after.skipped).delete()
    SkippedWeek.objects.bulk_create(
        SkippedWeek(group=group, day=day) for day in after.skipped - before.skipped
    )
    if after.slot and (after.slot, after.earlier) != (before.slot, before.earlier):
        _write_slots(group, after)


def _write_slots(group: Group, rhythm: Rhythm) -> None:
    EarlierSlot.objects.filter(group=group).delete()
    EarlierSlot.objects.bulk_create(
        EarlierSlot(
            group=group,
            until=each.until,
            weekday=each.slot.weekday,
            start_time=each.slot.start_time,
            timezone=each.slot.zone,
            duration_minutes=each.slot.minutes,
        )
        for each in rhythm.earlier
    )
    assert rhythm.slot is not None
    group.weekday, group.start_time = rhythm.slot.weekday, rhythm.slot.start_time
    group.timezone, group.duration_minutes = rhythm.slot.zone, rhythm.slot.minutes
    group.save(update_fields=SLOT_FIELDS)
