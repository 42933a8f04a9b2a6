"""Moves of one meeting, as facilitators make them."""

from __future__ import annotations

from datetime import datetime

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
