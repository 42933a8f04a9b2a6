"""Template tags for the admin's start page: refused sign-ins, and unknown time zones."""

from typing import Any

from django import template

from cohorts.models import Group, RefusedSignIn, User, live_group
from cohorts.zones import zone_names

register = template.Library()

SIGN_INS, ZONES = 5, 10  # shown


@register.inclusion_tag("admin/cohorts/refused_sign_ins.html", takes_context=True)
def refused_sign_ins(context: template.Context) -> dict[str, Any]:
    """Return the newest refused sign-ins; none for users who may not view them."""
    if not context["request"].user.has_perm("cohorts.view_refusedsignin"):
        return {"rows": []}
    rows = list(RefusedSignIn.objects.select_related("user")[: SIGN_INS + 1])
    return {"rows": rows[:SIGN_INS], "has_more": len(rows) > SIGN_INS}


@register.inclusion_tag("admin/cohorts/broken_zones.html", takes_context=True)
def broken_zones(context: template.Context) -> dict[str, Any]:
    """Return people and live groups with an unknown time zone, which only plain SQL can store.

    Leaves out rows that the user may not view.
    """
    may = context["request"].user.has_perm
    people = User.objects.filter(is_active=True).exclude(timezone__in=zone_names())
    groups = Group.objects.filter(live_group()).exclude(timezone__in=zone_names())
    return {
        "people": people.order_by("pk")[:ZONES] if may("cohorts.view_user") else [],
        "groups": groups.order_by("pk")[:ZONES] if may("cohorts.view_group") else [],
    }
