"""Template filters for the attendance ledger."""

from __future__ import annotations

from django import template

from meetings.attendance import mark_words
from meetings.attendance.ledger import AttendanceRecord

register = template.Library()
register.filter("mark_sentence", mark_words.describe_mark)
register.filter("weeks", mark_words.name_weeks)


@register.filter
def record_sentence(record: AttendanceRecord) -> str:
    return mark_words.describe_record(record.count)


@register.filter
def outcome_sentence(record: AttendanceRecord) -> str:
    allowed = record.member.group.cohort.allowed_absences
    return mark_words.describe_outcome(record.count, record.outcome, allowed)
