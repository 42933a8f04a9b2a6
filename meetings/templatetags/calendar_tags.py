"""Template tag for the notes on a cohort's dates."""

from typing import Any

from django import template

from cohorts import clock
from cohorts.models import Cohort
from meetings.calendar_notes import find_calendar_notes

register = template.Library()


@register.inclusion_tag("admin/cohorts/calendar_notes.html")
def calendar_notes(cohort: Cohort | None) -> dict[str, Any]:
    """Show holidays and clock changes that fall on meetings of this cohort."""
    return {"notes": find_calendar_notes(cohort, clock.now()) if cohort else []}
