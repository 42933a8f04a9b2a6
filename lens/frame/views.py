"""The start page, the page Operations with its chart, and the search."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.views.decorators.http import require_safe

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.models import User
from cohorts.reconcile.models import SyncRun
from cohorts.web.access import staff_may
from cohorts.words import abbreviate_date
from cohorts.zones import find_zone
from lens.charts.stacked_bars import BarChart, build_bars
from lens.frame import sidebar
from lens.frame.search import SHOWN, search_everything
from lens.metrics.objectives import read_objectives

DAYS = timedelta(days=14)
SHORT, LONG = timedelta(seconds=10), timedelta(seconds=60)
SERIES = ("Under 10 seconds", "10 to 60 seconds", "Longer", "Not finished")
NO_RUNS = (
    "No run has changed anything in the last 14 days. The chart of how long they take appears here."
)


def read_run_chart(now: datetime, zone: tzinfo) -> BarChart | None:
    """Return how many runs of each day took how long, on the reader's days. One query.

    Runs that changed nothing are not recorded. An unfinished one is going on, or its worker was
    killed.
    """
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    runs = SyncRun.objects.filter(mode=SyncRun.Mode.APPLY, started_at__gt=now - DAYS)
    counted = (
        runs.annotate(day=TruncDate("started_at", tzinfo=zone), took=took)
        .order_by("day")
        .values_list("day")
        .annotate(
            short=Count("pk", filter=Q(took__lt=SHORT)),
            medium=Count("pk", filter=Q(took__gte=SHORT, took__lt=LONG)),
            long=Count("pk", filter=Q(took__gte=LONG)),
            unfinished=Count("pk", filter=Q(ended_at__isnull=True)),
        )
    )
    rows = [(abbreviate_date(day), numbers) for day, *numbers in counted]
    return build_bars("runs", "Runs that changed something, by their time", "Day", SERIES, rows)


@require_safe
def start_view(request: HttpRequest) -> HttpResponse:
    """Show Today; to those who may not open it, the first page of their sidebar."""
    if sidebar.may_open_today(request):
        return resolve(reverse("admin:today")).func(request)  # by name: the desk imports the frame
    entries = sidebar.build_sidebar(request)
    if entries:
        return redirect(entries[0].url)
    return admin_page(request, "admin/frame/nothing.html", "Welcome")


@require_safe
def operations_view(request: HttpRequest) -> HttpResponse:
    """Show the sync status and the machine's own tables, each to those who may view it."""
    if not sidebar.may_open_operations(request):
        raise PermissionDenied
    user = cast(User, request.user)
    context: dict[str, Any] = {"app_list": _operations_apps(request)}
    if staff_may(user, "sync.view_syncrun"):
        chart = read_run_chart(clock.now(), find_zone(user.timezone))
        context |= {"shows_runs": True, "chart": chart, "no_runs": NO_RUNS}
        context["objectives"] = read_objectives(clock.now())
    return admin_page(request, "admin/index.html", "Operations", **context)


def _operations_apps(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the admin's list of apps with only the tables that belong to Operations."""
    tables = sidebar.operations_tables()
    found = []
    for app in admin.site.get_app_list(request):
        models = [each for each in app["models"] if each["model"]._meta.label_lower in tables]
        if models:
            found.append({**app, "models": models})
    return found


@require_safe
def search_view(request: HttpRequest) -> HttpResponse:
    """Show what the text in `q` finds among the rows that the person may view."""
    text = request.GET.get("q", "").strip()
    found = search_everything(text, viewer=cast(User, request.user))
    template = "admin/frame/search.html"
    return admin_page(request, template, "Search", searched=text, found=found, most=SHOWN)


class ChoiceList(AutocompleteJsonView):
    """The choices of the admin's search fields, each with the text that its table's admin says."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "label_choice", str)
        return {**super().serialize_result(obj, to_field_name), "text": label(obj)}
