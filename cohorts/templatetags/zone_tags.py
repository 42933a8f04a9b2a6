"""Template tag for the unknown time zones on the admin's start page."""

from typing import Any

from django import template

from cohorts.models import Group, User, live_group
from cohorts.zones import zone_names

register = template.Library()

SHOWN = 10


@register.inclusion_tag("admin/cohorts/broken_zones.html", takes_context=True)
def broken_zones(context: template.Context) -> dict[str, Any]:
    """Return people and live groups with an unknown time zone, which only plain SQL can store.

    Leaves out rows that the user may not view.
    """
    may = context["request"].user.has_perm
    people = User.objects.filter(is_active=True).exclude(timezone__in=zone_names())
    groups = Group.objects.filter(live_group()).exclude(timezone__in=zone_names())
    return {
        "people": people.order_by("pk")[:SHOWN] if may("cohorts.view_user") else [],
        "groups": groups.order_by("pk")[:SHOWN] if may("cohorts.view_group") else [],
    }
