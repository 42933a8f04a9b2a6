"""Meetings, attendance, the rhythm that meetings follow, and their change history."""

from meetings.models.feeds import CalendarFeed
from meetings.models.meetings import (
    PRESENCE,
    Attendance,
    Meeting,
    current_answer,
    presence_of,
    write_attendances,
)
from meetings.models.moves import MeetingChange, MeetingMove, was_moved_late
from meetings.models.rhythm import EarlierSlot, SkippedWeek
from meetings.models.risks import DismissedRisk

__all__ = [
    "PRESENCE",
    "Attendance",
    "CalendarFeed",
    "DismissedRisk",
    "EarlierSlot",
    "Meeting",
    "MeetingChange",
    "MeetingMove",
    "SkippedWeek",
    "current_answer",
    "presence_of",
    "was_moved_late",
    "write_attendances",
]
