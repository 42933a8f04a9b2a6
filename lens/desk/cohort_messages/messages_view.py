"""The tab Messages of a cohort's page, and the page with the counts of all open cohorts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.exports.answering import ExportedList, answer_or_explain
from cohorts.models import Cohort, CohortStep, User
from cohorts.outbox.explanations import read_outlook
from cohorts.outbox.models import UNSENT, Message
from cohorts.validators import read_id
from cohorts.web.access import require, staff_may
from lens.desk.cohort_messages.line_words import OF_STEPS
from lens.desk.cohort_messages.message_lines import NOT_SENT, SHOWN, messages_of, read_page
from lens.desk.cohort_page.tabs import open_tab
from lens.frame.sidebar import SEE_MESSAGES

LATELY = timedelta(days=7)
COUNTS = {
    "sent": Count("pk", filter=Q(state=Message.State.SENT)),
    "waiting": Count("pk", filter=Q(state__in=UNSENT)),
    "not_sent": Count("pk", filter=Q(state__in=NOT_SENT)),
}


@dataclass(frozen=True, slots=True)
class CohortMail:
    cohort: Cohort
    sent: int
    waiting: int
    not_sent: int


def read_overview(now: datetime) -> list[CohortMail]:
    """Return the open cohorts by start. Four queries."""
    cohorts = open_cohorts().select_related("course")
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row in (*_of_groups(now), *_of_changes(now)):
        counts[row["cohort"]].update({name: row[name] for name in COUNTS})
    return [
        CohortMail(cohort, *(counts[cohort.pk][name] for name in COUNTS))
        for cohort in cohorts.order_by("start_date", "pk")
    ]


def open_cohorts() -> QuerySet[Cohort]:
    return Cohort.objects.filter(status=Cohort.Status.OPEN)


def _lately(now: datetime) -> QuerySet[Message]:
    recent = Q(due_at__gt=now - LATELY) | Q(state__in=UNSENT)
    return Message.objects.filter(recent).order_by()


def _of_groups(now: datetime) -> Iterable[Mapping[str, Any]]:
    messages = _lately(now).filter(group__cohort__in=open_cohorts())
    return messages.values(cohort=F("group__cohort")).annotate(**COUNTS)


def _of_changes(now: datetime) -> list[dict[str, Any]]:
    """Return the counts of letters about changes of a whole cohort, which belong to no group."""
    steps = dict(CohortStep.objects.filter(cohort__in=open_cohorts()).values_list("pk", "cohort"))
    letters = _lately(now).filter(group=None, kind__in=OF_STEPS)
    rows = letters.values("context__step").annotate(**COUNTS)
    return [
        {**row, "cohort": steps[row["context__step"]]}
        for row in rows
        if row["context__step"] in steps
    ]


FILTERS = {"": "All", "waiting": "Waiting", "not-sent": "Not sent"}
MOST_PAGES = 10_000


@require_safe
def messages_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was sent to people of the cohort, and what waits."""
    cohort, context = open_tab(request, pk, "messages")
    user = cast(User, request.user)
    show = request.GET.get("show", "")
    page = min(read_id(request.GET.get("page", "")) or 1, MOST_PAGES)
    context |= {
        "page": read_page(
            messages_of(cohort),
            show=show,
            page=page,
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
    require(request, *SEE_MESSAGES)
    now = clock.now()
    outlook = read_outlook(now)
    return admin_page(
        request,
        "admin/desk/messages.html",
        "Messages",
        cohorts=read_overview(now),
        days=LATELY.days,
        waits_why=outlook.hold or outlook.email_problem,
    )


@require_POST
def export_overview_view(request: HttpRequest) -> HttpResponseBase:
    """Return the counts of the open cohorts as a file."""
    require(request, *SEE_MESSAGES)
    rows = (
        (row.cohort, row.cohort.course, row.sent, row.waiting, row.not_sent)
        for row in read_overview(clock.now())
    )
    title = f"Messages of the last {LATELY.days} days"
    exported = ExportedList(title, ("Cohort", "Course", "Sent", "Waiting", "Not sent"), rows)
    return answer_or_explain(request, lambda: exported, back=reverse("admin:messages"))
