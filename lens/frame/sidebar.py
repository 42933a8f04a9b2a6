"""The sidebar of staff pages: what it lists, and which of it a person may open.

Every table of the admin belongs to exactly one section. A table that no section names belongs to
Operations.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from cohorts.activity.registry import SEE_ACTIVITY
from cohorts.models import User
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.web.access import staff_may
from meetings.access import SEE_GROUP

SEE_TODAY = ("cohorts.view_cohort", *SEE_GROUP)
SEE_MESSAGES = (
    "cohorts.view_cohort", "cohorts.view_group", "cohorts.view_membership", "outbox.view_message"
)  # fmt: skip


@dataclass(frozen=True)
class SidebarSection:
    """A section with its tables, as model labels. Its link is its first page that is open."""

    key: str
    title: str
    tables: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()  # its pages that belong to no table


@dataclass(frozen=True)
class PageLink:
    title: str
    url: str
    is_current: bool = False


@dataclass(frozen=True)
class SidebarEntry:
    """A section that the person may open; `links` are its tables if it is the current one."""

    key: str
    title: str
    url: str
    is_current: bool
    links: tuple[PageLink, ...] = ()


SECTIONS = (
    SidebarSection("today", "Today", prefixes=("today/",)),
    SidebarSection(
        "cohorts",
        "Cohorts",
        tables=(
            "cohorts.cohort",
            "cohorts.group",
            "cohorts.course",
            "meetings.meeting",
            "meetings.meetingmove",
            "guestvisits.substitution",
        ),
        prefixes=("cohorts/", "sync/cohorts/", "sync/plans/", "sync/groups/", "/groups/"),
    ),
    SidebarSection(
        "people",
        "People",
        tables=(
            "cohorts.user",
            "cohorts.membership",
            "guestvisits.guestvisit",
            "meetings.attendance",
            "cohorts.accessstate",
            "cohorts.accessexception",
            "cohorts.refusedsignin",
            "cohorts.erasurerequest",
        ),
        prefixes=("members/", "people/", "/meetings/set-up/"),
    ),
    SidebarSection(
        "messages",
        "Messages",
        tables=(
            "outbox.message",
            "outbox.messagekind",
            "outbox.messagechoice",
            "outbox.outboxpart",
        ),
        prefixes=("messages/",),
    ),
    SidebarSection("activity", "Activity", prefixes=("activity/",)),
    SidebarSection("operations", "Operations", prefixes=("operations/", "sync/", "drift/")),
)
# Pages that belong to no table, each with its address and permissions; Operations has its own.
PAGES = {
    "today": (("Today", "admin:index", SEE_TODAY),),
    "messages": (("By cohort", "admin:messages", SEE_MESSAGES),),
    "activity": (("Activity", "admin:activity", SEE_ACTIVITY),),
}


def operations_tables() -> tuple[str, ...]:
    """Return the tables that no other section lists."""
    listed = {table for section in SECTIONS for table in section.tables}
    labels = {model._meta.label_lower for model in admin.site._registry}
    return tuple(sorted(labels - listed))


def build_sidebar(request: HttpRequest) -> list[SidebarEntry]:
    """Return the sections that the person may open. It needs no query beyond their permissions."""
    here = find_section(request.path)
    entries = []
    for section in SECTIONS:
        links = open_links(request, section)
        if links:
            shown = links if section.key == here and len(links) > 1 else ()
            first = links[0].url
            entries.append(
                SidebarEntry(section.key, section.title, first, section.key == here, shown)
            )
    return entries


def open_links(request: HttpRequest, section: SidebarSection) -> tuple[PageLink, ...]:
    """Return the pages of a section that the person may open."""
    if section.key == "operations":
        return _operations_links(request)
    pages = (
        PageLink(title, url := reverse(address), request.path == url)
        for title, address, permissions in PAGES.get(section.key, ())
        if staff_may(cast(User, request.user), *permissions)
    )
    return (*pages, *table_links(request, section.tables))


def may_open_today(request: HttpRequest) -> bool:
    return staff_may(cast(User, request.user), *SEE_TODAY)


def may_open_operations(request: HttpRequest) -> bool:
    """Whether the person may see the sync status, or any of the machine's own tables."""
    if request.user.has_perm(PERMISSION):
        return True
    return any(_may_view(request, label) for label in operations_tables())


def _operations_links(request: HttpRequest) -> tuple[PageLink, ...]:
    if not may_open_operations(request):
        return ()
    first = PageLink("Operations", reverse("admin:operations"))
    if not request.user.has_perm(PERMISSION):
        return (first,)
    url = reverse("drift")
    return first, PageLink("Changed outside", url, request.path == url)


def table_links(request: HttpRequest, labels: Iterable[str]) -> Iterable[PageLink]:
    """Yield links to the lists of those tables that the person may view."""
    for label in labels:
        if _may_view(request, label):
            meta = apps.get_model(label)._meta
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
            title = str(meta.verbose_name_plural)
            is_current = request.path == url
            yield PageLink(title[0].upper() + title[1:], url, is_current)


def _may_view(request: HttpRequest, label: str) -> bool:
    return admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request)


def find_section(path: str) -> str:
    """Return the key of the section that a page belongs to, "" if it belongs to none."""
    below = path.removeprefix(reverse("admin:index"))
    if not below:
        return "today"
    parts = below.split("/")
    if parts[2:3] == ["cohorts"]:  # an integration's page about one cohort
        return "cohorts"
    label = ".".join(parts[:2])
    by_table = {table: section.key for section in SECTIONS for table in section.tables}
    if label in by_table or label in operations_tables():
        return by_table.get(label, "operations")
    prefixed = (one.key for one in SECTIONS if below.startswith(one.prefixes or ("\0",)))
    return next(prefixed, "")
