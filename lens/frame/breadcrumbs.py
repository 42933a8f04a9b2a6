"""The breadcrumbs of staff pages: from Today through the section and the row to the page itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from cohorts.admin_base.links import PAGES, cohort_url, find_page
from cohorts.models import Cohort, User
from lens.frame.sidebar import (
    SidebarEntry,
    SidebarLink,
    build_sidebar,
    may_open_today,
    table_links,
)

OWN_PAGE = {Cohort, *PAGES}  # rows with a page of their own; their form holds the settings


def build_breadcrumbs(request: HttpRequest, context: Mapping[str, Any]) -> list[SidebarLink]:
    """Return the way to the page, which comes last and has no address; nothing on Today itself.

    `context` is what the page's template knows.
    """
    section = next((one for one in build_sidebar(request) if one.is_current), None)
    if section and section.key == "today":
        return []
    links = [*_link_lists(request, context, section), *_link_rows(request, context)]
    if not links:
        return []
    here = SidebarLink(_name_page(context) or links[-1].title, "")
    by_title = {link.title: link for link in (*links, here)}  # the most exact one of each title
    return list(by_title.values())


def _link_lists(
    request: HttpRequest, context: Mapping[str, Any], section: SidebarEntry | None
) -> Iterator[SidebarLink]:
    """Yield links to Today, to the section and to the table, those that the person may open."""
    if may_open_today(request):
        yield SidebarLink("Today", reverse("admin:index"))
    if section:
        yield SidebarLink(section.title, section.url)
    if opts := context.get("opts"):
        yield from table_links(request, [opts.label_lower])


def _link_rows(request: HttpRequest, context: Mapping[str, Any]) -> Iterator[SidebarLink]:
    """Yield links to the cohort and to the row or person that the page is about."""
    user = cast(User, request.user)
    row = _row_of(context)
    cohort = context.get("cohort") or row
    if isinstance(cohort, Cohort):
        yield SidebarLink(str(cohort), cohort_url(user, cohort.pk))
    elif row is not None and type(row) in PAGES:
        yield SidebarLink(str(row), find_page(row))
    elif row is not None and not context.get("change"):
        opts = row._meta
        if any(table_links(request, [opts.label_lower])):
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
            yield SidebarLink(str(row), url)


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
