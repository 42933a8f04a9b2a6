"""Template filters for the attendance ledger."""

from __future__ import annotations

from django import template

from meetings.attendance import mark_words

register = template.Library()
register.filter("mark_sentence", mark_words.describe_mark)
register.filter("weeks", mark_words.name_weeks)
