"""Template tags about ends of cohorts, for admin pages."""

from __future__ import annotations

from typing import Any

from django import template

from cohorts import clock
from cohorts.access import staff_may
from guestvisits.ending.kinds import EndCohort
from guestvisits.ending.offers import find_offers

register = template.Library()


@register.inclusion_tag("admin/cohorts/end_offers.html", takes_context=True)
def end_offers(context: template.Context) -> dict[str, Any]:
    """Offer to end the cohorts whose last meeting has been over for a day."""
    if not staff_may(context["request"].user, *EndCohort.permissions):
        return {"offers": []}
    return {"offers": find_offers(clock.now())}
