"""Template filters for the attendance ledger."""

from collections.abc import Iterable

from django import template

from meetings.attendance import mark_words
from meetings.attendance.ledger import AttendanceRecord

register = template.Library()
register.filter("mark_sentence", mark_words.describe_mark)
register.filter("weeks", mark_words.name_weeks)


@register.filter
def mark_of(records: Iterable[AttendanceRecord], meeting_id: int) -> str:
    """Return what a meeting counts as in one of a person's records, "" if it counts in none."""
    entries = (entry for record in records for entry in record.entries)
    return next((entry.mark.value for entry in entries if entry.meeting.id == meeting_id), "")


@register.filter
def record_sentence(record: AttendanceRecord) -> str:
    return mark_words.describe_record(record.count)


@register.filter
def outcome_sentence(record: AttendanceRecord) -> str:
    allowed = record.member.group.cohort.allowed_absences
    return mark_words.describe_outcome(record.count, record.outcome, allowed)
