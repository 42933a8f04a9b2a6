"""The tab Messages of a cohort's page."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cohorts import clock
from cohorts.access import staff_may
from cohorts.models import User
from lens.desk.cohort_messages.message_lines import SHOWN, messages_of, read_page
from lens.desk.cohort_page.tabs import open_tab

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
