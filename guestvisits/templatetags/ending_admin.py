"""Template tags about ends of cohorts, for admin pages."""

from __future__ import annotations

from typing import Any

from django import template

from cohorts import clock
from cohorts.access import staff_may
from cohorts.models import Cohort
from guestvisits.ending.kinds import EndCohort
from guestvisits.ending.offers import find_offers

register = template.Library()


@register.inclusion_tag("admin/cohorts/end_offers.html", takes_context=True)
def end_offers(context: template.Context, cohort: Cohort | None = None) -> dict[str, Any]:
    """Offer to end the cohorts, or this one, whose last meeting has been over for a day."""
    if not staff_may(context["request"].user, *EndCohort.permissions):
        return {"offers": []}
    offers = find_offers(clock.now())
    return {"offers": [one for one in offers if cohort is None or one.cohort == cohort]}
