"""The tabs of a cohort's page, and who may open which."""

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse

from cohorts import clock
from cohorts.activity.registry import SEE_ACTIVITY
from cohorts.admin_base.links import SEE_COHORT
from cohorts.models import Cohort, User
from cohorts.needs.open_cohorts import read_open_cohorts
from cohorts.web.access import require, staff_may
from lens.desk.cohort_page.header import read_header
from lens.frame.sidebar import SEE_MESSAGES, PageLink
from meetings.access import SEE_FIGURES, SEE_PEOPLE

SEE_ATTENDANCE = (*SEE_COHORT, *SEE_PEOPLE)
WRITE_LETTERS = (*SEE_MESSAGES, "outbox.add_message")


@dataclass(frozen=True)
class CohortTab:
    """A tab, the name of its address, and the permissions that it needs."""

    name: str
    title: str
    address: str
    permissions: tuple[str, ...]


TABS = (
    CohortTab("groups", "Groups", "admin:cohort", SEE_COHORT),
    CohortTab("people", "People", "admin:cohort_people", SEE_COHORT),
    CohortTab("calendar", "Calendar", "admin:cohort_calendar", (*SEE_COHORT, *SEE_FIGURES)),
    CohortTab("attendance", "Attendance", "admin:cohort_attendance", SEE_ATTENDANCE),
    CohortTab("messages", "Messages", "admin:cohort_messages", SEE_MESSAGES),
    CohortTab("activity", "Activity", "admin:cohort_activity", (*SEE_COHORT, *SEE_ACTIVITY)),
    CohortTab("settings", "Settings", "admin:cohorts_cohort_change", ("cohorts.view_cohort",)),
)


def list_tabs(cohort: Cohort, user: User, current: str) -> list[PageLink]:
    """Return links to the tabs that the user may open."""
    return [
        PageLink(tab.title, reverse(tab.address, args=[cohort.pk]), tab.name == current)
        for tab in TABS
        if staff_may(user, *tab.permissions)
    ]


def open_tab(request: HttpRequest, pk: int, name: str) -> tuple[Cohort, dict[str, Any]]:
    """Return the cohort and the context that each tab's template needs.

    Raises PermissionDenied if the user may not open this tab, Http404 if there is no such cohort.
    """
    require(request, *find_tab(name).permissions)
    head = read_head(request, pk, name)
    if head is None:
        raise Http404("There is no such cohort.")
    cohort = head["cohort"]
    return cohort, {**admin.site.each_context(request), "title": str(cohort), **head}


def read_head(request: HttpRequest, pk: int, name: str) -> dict[str, Any] | None:
    """Return what the head of a cohort's page shows, None without such a cohort.

    `facts` in it is what was read of the cohort, `header` its head.
    """
    user = cast(User, request.user)
    facts = read_open_cohorts(clock.now(), only=pk)
    cohort = next(iter((*facts.cohorts.values(), *facts.ended)), None)
    if cohort is None:
        return None
    return {
        "cohort": cohort,
        "tabs": list_tabs(cohort, user, name),
        "facts": facts,
        "header": read_header(facts, cohort, user),
        "may": cache(lambda permissions: staff_may(user, *permissions)),
    }


def find_tab(name: str) -> CohortTab:
    return next(tab for tab in TABS if tab.name == name)
