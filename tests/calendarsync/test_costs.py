"""What a run, a full listing and a preview cost does not depend on how many groups there are.

Function calls and queries are counted, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calendarsync.models import CalendarCopy
from cohorts import clock
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync
from meetings.models import Meeting
from meetings.moving.forecasts import forecast_mails
from meetings.moving.moves import Postpone
from meetings.moving.preview import preview_move
from tests.support.cohort import work
from tests.support.large_calendar import add_groups, add_series, make_due, read_fully
from tests.support.running_sandbox import RunningSandbox

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.matrix,
    pytest.mark.usefixtures("only_calendar", "installed"),
]

FEW, MANY = 20, 200
SAME = 1.3  # how much the counts may differ
WRITE_QUERIES = 9  # 3 for each write; what a run itself costs is shared by FEW


@dataclass
class Cost:
    calls: int = 0
    queries: int = 0
    sql: tuple[str, ...] = ()


@contextmanager
def counted() -> Iterator[Cost]:
    """Count the function calls of this thread, and its queries."""
    cost = Cost()

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        cost.calls += event in ("call", "c_call")

    with CaptureQueriesContext(connection) as captured:
        sys.setprofile(count)
        try:
            yield cost
        finally:
            sys.setprofile(None)
    cost.sql = tuple(query["sql"] for query in captured)
    cost.queries = len(cost.sql)


def cost_of(act: Callable[[], Any]) -> Cost:
    with counted() as cost:
        act()
    return cost


def test_each_write_while_realizing_costs_the_same(sandbox: RunningSandbox, settings: Any) -> None:
    settings.SYNC = {**settings.SYNC, "read_seconds": 600}  # not more often on a slow machine
    calls, queries = [], []
    for groups in (FEW, MANY // 2):
        made = add_groups(groups, 8, realized=False)
        services.request_realize([group.pk for group in made], by=None, now=clock.now())
        before = sandbox.last
        cost = cost_of(lambda: work("calendar"))
        assert len(sandbox.writes(before, service="google")) == groups
        active = GroupSync.objects.filter(group__in=made, group__status="active")
        compared = active.values_list("generation", "observed_generation")
        assert list(compared) == [(2, 2)] * groups, "becoming active makes no group due again"
        calls.append(cost.calls / groups)
        queries.append(cost.queries / groups)
    assert calls[1] <= calls[0] * SAME, calls
    assert queries[1] <= queries[0] <= WRITE_QUERIES, queries


def test_a_pass_a_listing_and_a_preview_cost_the_same_among_many_groups(
    sandbox: RunningSandbox,
) -> None:
    found = []
    for groups in (FEW, MANY):
        made = add_groups(groups, 8, realized=True)
        add_series(sandbox, made)
        make_due(made[0])
        work("calendar")  # lists everything
        copies = list(CalendarCopy.objects.order_by("pk").values_list("pk", "read_at"))
        found.append((_pass(made[0]), _list_again(made[0]), _preview(made[1])))
        assert list(CalendarCopy.objects.order_by("pk").values_list("pk", "read_at")) == copies
    (small_pass, small_list, small_preview), (one_pass, listing, preview) = found
    assert one_pass.calls <= small_pass.calls * SAME, found
    assert one_pass.queries <= small_pass.queries
    assert preview.calls <= small_preview.calls * SAME
    assert preview.queries <= small_preview.queries
    each = (listing.calls - small_list.calls) / MANY
    assert each <= 150, "calls for each series that a listing confirms"
    assert listing.queries <= small_list.queries + 4, "one for each 500"


def _pass(group: Any) -> Cost:
    make_due(group)
    return cost_of(lambda: run_once("calendar"))


def _list_again(group: Any) -> Cost:
    read_fully()
    return _pass(group)


def _preview(group: Any) -> Cost:
    meeting = Meeting.objects.filter(group=group).order_by("number")[1]
    now = clock.now()
    preview_move(Postpone(meeting.pk), now=now)  # what is cached

    def preview() -> None:
        preview_move(Postpone(meeting.pk), now=now)
        forecast_mails(Postpone(meeting.pk), now)

    return cost_of(preview)
