"""Moves of one meeting, as facilitators make them, and a slot as staff edit it."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from cohorts.models import Group
from cohorts.services.groups import SLOT_FIELDS, check_slot_may_change
from meetings.models import Meeting
from meetings.moving.moves import Cancel, Move, Reschedule, Restore
from meetings.moving.services import carry_out


def move_meeting(
    meeting_id: int, *, starts_at: datetime, now: datetime, duration_minutes: int | None = None
) -> Meeting:
    return _carry_out(Reschedule(meeting_id, starts_at, duration_minutes), meeting_id, now)


def cancel_meeting(meeting_id: int, *, now: datetime) -> Meeting:
    return _carry_out(Cancel(meeting_id), meeting_id, now)


def restore_meeting(meeting_id: int, *, now: datetime) -> Meeting:
    return _carry_out(Restore(meeting_id), meeting_id, now)


def _carry_out(move: Move, meeting_id: int, now: datetime) -> Meeting:
    carry_out(move, by=None, now=now)
    return Meeting.objects.select_related("group").get(pk=meeting_id)


def edit_slot(
    group: Group,
    *,
    weekday: int | None,
    start_time: time | None,
    timezone: str = "UTC",
    duration_minutes: int = 60,
) -> None:
    """What the form of a group does in the admin."""
    group = Group.objects.get(pk=group.pk)
    check_slot_may_change(group)
    group.weekday, group.start_time = weekday, start_time
    group.timezone, group.duration_minutes = timezone, duration_minutes
    group.full_clean()
    with transaction.atomic():
        group.save(update_fields=SLOT_FIELDS)
