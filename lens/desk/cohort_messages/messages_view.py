"""The tab Messages of a cohort's page, and the page that leads to those of all cohorts."""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cohorts import clock
from cohorts.access import staff_may
from cohorts.models import User
from cohorts.outbox.explanations import read_outlook
from lens.desk.cohort_messages.message_lines import SHOWN, messages_of, read_page
from lens.desk.cohort_messages.overview import LATELY, read_overview
from lens.desk.cohort_page.tabs import open_tab
from lens.frame.sidebar import SEE_MESSAGES

FILTERS = {"": "All", "waiting": "Waiting", "not-sent": "Not sent"}
MOST_PAGES = 10_000


@require_safe
def messages_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was sent to people of the cohort, and what waits."""
    cohort, context = open_tab(request, pk, "messages")
    user = cast(User, request.user)
    show = request.GET.get("show", "")
    number = request.GET.get("page", "")
    page = min(int(number), MOST_PAGES) if number.isascii() and number.isdecimal() else 1
    context |= {
        "page": read_page(
            messages_of(cohort),
            show=show,
            page=max(page, 1),
            now=clock.now(),
            may_fix=staff_may(user, "cohorts.change_user"),
        ),
        "show": show if show in SHOWN else "",
        "filters": FILTERS.items(),
        "newer": page - 1,
        "older": page + 1,
    }
    return TemplateResponse(request, "admin/desk/cohort/messages.html", context)


@require_safe
def overview_view(request: HttpRequest) -> HttpResponse:
    """Show how many messages each open cohort had lately, and why nothing is sent, if so."""
    if not staff_may(cast(User, request.user), *SEE_MESSAGES):
        raise PermissionDenied
    now = clock.now()
    outlook = read_outlook(now)
    context = {
        **admin.site.each_context(request),
        "title": "Messages",
        "cohorts": read_overview(now),
        "days": LATELY.days,
        "waits_why": outlook.hold or outlook.email_trouble,
    }
    return TemplateResponse(request, "admin/desk/messages.html", context)
