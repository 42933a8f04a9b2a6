"""Template tags of the Today page and of the cohorts' pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from cohorts.access import staff_may
from cohorts.admin_base.links import SEE_COHORT
from cohorts.models import Cohort
from cohorts.needs.items import Need, NeedButton
from cohorts.words import count_people
from cohorts.zones import city_of
from lens.desk.cohort_page.tabs import WRITE_LETTERS, list_tabs, read_head
from lens.desk.snoozing import digest_of

register = template.Library()
register.filter("city", city_of)
register.filter("counted_people", count_people)


@register.inclusion_tag("admin/desk/_button.html", takes_context=True)
def need_button(context: template.Context, button: NeedButton | None, about: str) -> dict[str, Any]:
    """Show an item's button to those who may use the page behind it.  `may` is the view's."""
    if button is None or not context["may"](button.permissions):
        return {"button": None}
    fields = [
        (name, value)
        for name, values in (button.post or {}).items()
        for value in (values if isinstance(values, tuple) else (values,))
    ]
    return {
        "button": button,
        "fields": fields,
        "about": about,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("admin/desk/_write_link.html", takes_context=True)
def write_link(
    context: template.Context, cohort_id: int, label: str, audience: str = ""
) -> dict[str, str]:
    """Link to writing to people of a cohort, for those who may: `"people=1&people=2"`."""
    if not staff_may(context["request"].user, *WRITE_LETTERS):
        return {"url": ""}
    url = reverse("admin:cohort_write", args=[cohort_id])
    return {"url": f"{url}?{audience}" if audience else url, "label": label}


@register.filter
def digest(need: Need) -> str:
    return digest_of(need)


@register.filter
def zone_words(zone: str) -> str:
    return zone.replace("_", " ")


@register.inclusion_tag("admin/desk/cohort/_head.html", takes_context=True)
def cohort_head(context: template.Context, cohort: Cohort, current: str) -> dict[str, Any]:
    """Show the head of a cohort's page, with its tabs, above a page of the admin's own.

    Readers who may not see the cohort's people get only the tabs.
    """
    request = context["request"]
    if staff_may(request.user, *SEE_COHORT):
        head = read_head(request, cohort.pk, current) or {}
        return {**head, "csrf_token": context.get("csrf_token")}
    return {"cohort": cohort, "tabs": list_tabs(cohort, request.user, current)}
