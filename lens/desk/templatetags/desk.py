"""Template tags of the Today page and of the cohorts' pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from cohorts.admin_base.links import SEE_COHORT
from cohorts.models import Cohort
from cohorts.needs.items import NeedButton
from cohorts.web.access import staff_may
from cohorts.words import count_people
from cohorts.zones import city_of
from lens.desk.cohort_page.tabs import WRITE_LETTERS, list_tabs, read_head
from lens.desk.snoozing import digest_of

LINK = '<a class="button lens-button{}" href="{}" aria-label="{}">{}</a>'
FORM = (
    '<form method="post" action="{}" class="lens-inline">{}'
    '<button class="button lens-button{}" aria-label="{}">{}</button></form>'
)

register = template.Library()
register.filter("city", city_of)
register.filter("counted_people", count_people)
register.filter("digest", digest_of)


@register.simple_tag(takes_context=True)
def need_button(context: template.Context, button: NeedButton | None, about: str) -> str:
    """Show an item's button to those who may use the page behind it.  `may` is the view's.

    Not a template of its own: Today has hundreds of buttons, and each would cost three times as
    much.
    """
    if button is None or not context["may"](button.permissions):
        return ""
    spoken = f"{button.label}: {about}"
    primary = " default" if button.is_primary else ""
    if button.post is None:
        url = f"{button.url}?{button.query}" if button.query else button.url
        return format_html(LINK, primary, url, spoken, button.label)
    fields = [("csrfmiddlewaretoken", context.get("csrf_token", "")), *_fields(button.post)]
    hidden = format_html_join("", '<input type="hidden" name="{}" value="{}">', fields)
    return format_html(FORM, button.url, hidden, primary, spoken, button.label)


def _fields(post: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, values in post.items():
        for value in values if isinstance(values, tuple) else (values,):
            yield name, value


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
