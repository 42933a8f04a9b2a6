"""The tabs of a cohort's page, and who may open which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cohorts.access import staff_may
from cohorts.models import Cohort, User
from lens.frame.sidebar import SEE_MESSAGES
from meetings.access import SEE_PEOPLE

SEE_MEMBERS = ("cohorts.view_cohort", "cohorts.view_group", "cohorts.view_membership")
SEE_ATTENDANCE = (*SEE_MEMBERS, *SEE_PEOPLE)
WRITE_LETTERS = (*SEE_MESSAGES, "outbox.add_message")


@dataclass(frozen=True)
class CohortTab:
    """A tab, the name of its address, and the permissions that it needs."""

    name: str
    title: str
    address: str
    permissions: tuple[str, ...]


TABS = (
    CohortTab("groups", "Groups", "admin:cohort", SEE_MEMBERS),
    CohortTab("attendance", "Attendance", "admin:cohort_attendance", SEE_ATTENDANCE),
    CohortTab("messages", "Messages", "admin:cohort_messages", SEE_MESSAGES),
    CohortTab("settings", "Settings", "admin:cohorts_cohort_change", ("cohorts.view_cohort",)),
)


@dataclass(frozen=True)
class TabLink:
    title: str
    url: str
    is_current: bool


def list_tabs(cohort: Cohort, user: User, current: str) -> list[TabLink]:
    """Return links to the tabs that the user may open."""
    return [
        TabLink(tab.title, reverse(tab.address, args=[cohort.pk]), tab.name == current)
        for tab in TABS
        if staff_may(user, *tab.permissions)
    ]


def open_tab(request: HttpRequest, pk: int, name: str) -> tuple[Cohort, dict[str, Any]]:
    """Return the cohort and the context that each tab's template needs.

    Raises PermissionDenied if the user may not open this tab, Http404 if there is no such cohort.
    """
    user = cast(User, request.user)
    tab = next(tab for tab in TABS if tab.name == name)
    if not staff_may(user, *tab.permissions):
        raise PermissionDenied
    cohort = get_object_or_404(Cohort.objects.select_related("course"), pk=pk)
    context = {
        **admin.site.each_context(request),
        "title": str(cohort),
        "cohort": cohort,
        "tabs": list_tabs(cohort, user, name),
    }
    return cohort, context
