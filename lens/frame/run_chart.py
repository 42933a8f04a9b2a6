"""How long the runs of the reconciler took, as a chart."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate

from cohorts.reconcile.models import SyncRun
from cohorts.words import abbreviate_date
from lens.charts.stacked_bars import BarChart, build_bars

DAYS = timedelta(days=14)
SHORT, LONG = timedelta(seconds=10), timedelta(seconds=60)
SERIES = ("Under 10 seconds", "10 to 60 seconds", "Longer", "Not finished")
NO_RUNS = "No run has changed anything in the last 14 days. A chart of how long they take is here."


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
