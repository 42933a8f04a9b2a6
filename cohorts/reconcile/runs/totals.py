"""Figures that only grow, such as calls and their results, counted for each day.

`/metrics` and the Operations page read them. They are rows of the database because web, workers and
bot have no memory or files in common. A process collects its figures in a `Counter` and adds them
at the end of its work, outside transactions: a row stays locked until its transaction ends.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Sum

from cohorts.reconcile.models import RunningTotal

Key = tuple[str, str]  # name and labels
# Upper limits in seconds; what took longer is counted under "more".
LIMITS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)
MORE = "more"
LONG_AGO = date(2000, 1, 1)  # the day of what was merged


def key(name: str, **labels: str) -> Key:
    return name, ",".join(f"{label}={value}" for label, value in labels.items())


def find_limit(seconds: float) -> str:
    """Return the smallest of LIMITS that is not exceeded, as a label."""
    return next((str(limit) for limit in LIMITS if seconds <= limit), MORE)


def add_totals(found: Mapping[Key, float], now: datetime) -> None:
    """Add these figures to the totals of the day. One query for each, two for a new one, and one
    more for all new ones together."""
    day = now.date()
    new = [one for one in sorted(found) if not _add(day, one, found[one])]
    if new:
        rows = [RunningTotal(day=day, name=name, labels=labels) for name, labels in new]
        RunningTotal.objects.bulk_create(rows, ignore_conflicts=True)
    for one in new:
        _add(day, one, found[one])


def _add(day: date, one: Key, value: float) -> bool:
    """Add to one total of a day; return whether it exists."""
    name, labels = one
    rows = RunningTotal.objects.filter(day=day, name=name, labels=labels)
    return bool(rows.update(value=F("value") + value))


def read_totals(since: date | None = None) -> dict[str, dict[str, float]]:
    """Return the totals by name and labels, of all days or from one day on. One query."""
    rows = RunningTotal.objects.filter(day__gte=since) if since else RunningTotal.objects.all()
    found: dict[str, dict[str, float]] = {}
    for name, labels, value in rows.order_by().values_list("name", "labels").annotate(Sum("value")):
        found.setdefault(name, {})[labels] = value
    return found


@transaction.atomic
def merge_old(before: date) -> None:
    """Merge the days before this one into one row for each figure, so that sums stay the same.

    The rows stay locked until all are written, so that nothing is counted twice or lost.
    """
    old = list(RunningTotal.objects.filter(day__lt=before).select_for_update())
    sums: Counter[Key] = Counter()
    for row in old:
        sums.update({(row.name, row.labels): row.value})
    RunningTotal.objects.filter(pk__in=[row.pk for row in old]).delete()
    RunningTotal.objects.bulk_create(
        RunningTotal(day=LONG_AGO, name=name, labels=labels, value=value)
        for (name, labels), value in sums.items()
    )
