"""The breadcrumbs of staff pages: from Today through the section and the row to the page itself."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from cohorts.admin_base.links import PAGES, cohort_url, find_page
from cohorts.models import Cohort, User
from cohorts.web.access import staff_may
from lens.frame.sidebar import (
    PageLink,
    SidebarEntry,
    build_sidebar,
    may_open_today,
    table_links,
)

OWN_PAGE = {Cohort, *PAGES}  # rows with a page of their own; their form holds the settings


def build_breadcrumbs(request: HttpRequest, context: Mapping[str, Any]) -> list[PageLink]:
    """Return the way to the page, which comes last and has no address; nothing on Today itself.

    `context` is what the page's template knows.
    """
    section = next((one for one in build_sidebar(request) if one.is_current), None)
    if section and section.key == "today":
        return []
    links = [*_link_lists(request, context, section), *_link_rows(request, context)]
    if not links:
        return []
    here = PageLink(_name_page(context) or links[-1].title, "")
    by_title = {link.title: link for link in (*links, here)}  # the most exact one of each title
    return list(by_title.values())


def _link_lists(
    request: HttpRequest, context: Mapping[str, Any], section: SidebarEntry | None
) -> Iterator[PageLink]:
    """Yield links to Today, to the section and to the table, those that the person may open."""
    if may_open_today(request):
        yield PageLink("Today", reverse("admin:index"))
    if section:
        yield PageLink(section.title, section.url)
    if opts := context.get("opts"):
        yield from table_links(request, [opts.label_lower])


def _link_rows(request: HttpRequest, context: Mapping[str, Any]) -> Iterator[PageLink]:
    """Yield links to the cohort, row or person that the page is about, if the person may view them.

    Those who may only delete a row may not.
    """
    user = cast(User, request.user)
    for row in (context.get("cohort"), _row_of(context)):
        if not isinstance(row, Model) or (context.get("change") and type(row) not in OWN_PAGE):
            continue  # nothing, or the row's own page
        if staff_may(user, f"{row._meta.app_label}.view_{row._meta.model_name}"):
            yield PageLink(str(row), _find_url(user, row))


def _find_url(user: User, row: Model) -> str:
    if isinstance(row, Cohort):
        return cohort_url(user, row.pk)
    if type(row) in PAGES:
        return find_page(row)
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _row_of(context: Mapping[str, Any]) -> Model | None:
    found = (context.get(name) for name in ("original", "object", "person"))
    return next((row for row in found if isinstance(row, Model)), None)


def _name_page(context: Mapping[str, Any]) -> str:
    """Return the page's name; "" for a list, which its table names."""
    if "cl" in context:
        return ""
    row = context.get("original")
    if row is None or not context.get("change"):
        return str(context.get("title") or "")
    return "Settings" if type(row) in OWN_PAGE else str(row)
