"""Template tags for meetings on admin pages."""

from __future__ import annotations

from typing import Any

from django import template

from cohorts import clock
from cohorts.access import staff_may
from cohorts.models import Group
from meetings.access import SEE_FIGURES
from meetings.attendance.statistics import count_guests, describe, read_attendance_stats
from meetings.models import Meeting

register = template.Library()


@register.inclusion_tag("admin/meetings/who_comes.html", takes_context=True)
def who_comes(context: template.Context, group: Group) -> dict[str, Any]:
    """Show a group's future meetings, each with a summary of the RSVPs. Six queries.

    Empty for staff who may not view meetings.
    """
    if not staff_may(context["request"].user, *SEE_FIGURES):
        return {"rows": []}
    ahead = Meeting.objects.filter(group=group, starts_at__gt=clock.now()).order_by("starts_at")
    meetings = list(ahead)
    ids = [meeting.pk for meeting in meetings]
    figures, guests = read_attendance_stats(ids), count_guests(ids)
    rows = [(each, describe(figures[each.pk], guests[each.pk])) for each in meetings]
    return {"rows": rows, "zone": group.timezone}
