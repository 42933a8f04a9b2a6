"""Template tag for the refused sign-ins on the admin's start page."""

from typing import Any

from django import template

from cohorts.models import RefusedSignIn

register = template.Library()

SHOWN = 5


@register.inclusion_tag("admin/cohorts/refused_sign_ins.html", takes_context=True)
def refused_sign_ins(context: template.Context) -> dict[str, Any]:
    """Return the newest refused sign-ins; none for users who may not view them."""
    if not context["request"].user.has_perm("cohorts.view_refusedsignin"):
        return {"rows": []}
    rows = list(RefusedSignIn.objects.select_related("user")[: SHOWN + 1])
    return {"rows": rows[:SHOWN], "has_more": len(rows) > SHOWN}
