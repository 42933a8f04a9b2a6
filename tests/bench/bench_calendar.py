"""What syncing Google Calendar costs this process: CPU per write, per run, per full listing, and
of the preview of a move, beside the number of groups.
"""

from __future__ import annotations

import os

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import Group
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.provider import providers
from meetings.models import Meeting
from meetings.moving.forecasts import forecast_mails
from meetings.moving.moves import Postpone
from meetings.moving.preview import preview_move
from meetings.moving.services import carry_out
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured
from tests.support.cohort import work
from tests.support.large_calendar import (
    add_groups,
    add_series,
    make_due,
    read_fully,
)
from tests.support.registries import Registered
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
SIZES = (20, 80, 320)
GROUPS = int(os.environ.get("BENCH_GROUPS", "2000"))


@pytest.fixture
def only_calendar(registered: Registered) -> None:
    registered.only(providers, "calendar")


@pytest.fixture(scope="module")
def costs() -> dict[int, Measured]:
    """CPU time for each write, by the number of groups that were realized."""
    return {}


@pytest.mark.usefixtures("only_calendar")
@pytest.mark.parametrize("groups", SIZES)
def test_the_cpu_of_each_write_while_realizing(
    sandbox: RunningSandbox, record: RecordFigure, costs: dict[int, Measured], groups: int
) -> None:
    made = add_groups(groups, 8, realized=False)
    services.request_realize([group.pk for group in made], by=None, now=clock.now())
    with cpu_measured() as cpu:
        work("calendar", slices=60)
    writes = len(sandbox.writes(service="google"))
    assert writes == groups
    costs[groups] = cpu / writes
    record(f"a write to Google, realizing {groups} groups: CPU", costs[groups], "ms", 15)
    if len(costs) == len(SIZES):
        found = [cost.adjusted for cost in costs.values()]
        growth = max(found) / min(found)
        record("a write to Google: dearest beside cheapest", growth, "times", 1.3)


@pytest.mark.usefixtures("only_calendar")
def test_the_cpu_of_a_pass_a_full_listing_and_a_preview(
    sandbox: RunningSandbox, record: RecordFigure
) -> None:
    made = add_groups(GROUPS, 10, realized=True)
    add_series(sandbox, made)
    for what, aim, prepare in (
        ("the first reading of all series", None, lambda: make_due(made[0])),
        ("a run with one group due", 300, lambda: make_due(made[1])),
        ("a full reading without news", 1000, lambda: _list_again(made[2])),
    ):
        prepare()
        with cpu_measured() as cpu, CaptureQueriesContext(connection) as queries:
            assert run_once("calendar")
        record(f"{GROUPS:,} groups, {what}: CPU", cpu, "ms", aim)
        record(f"{GROUPS:,} groups, {what}: queries", len(queries), "queries")
    _preview(made[0], record)


def _list_again(group: Group) -> None:
    read_fully()
    make_due(group)


def _preview(group: Group, record: RecordFigure) -> None:
    meeting = Meeting.objects.filter(group=group).order_by("number")[1]
    move = Postpone(meeting.pk)
    for what, aim, call in (
        ("preview of postponing one", 100, lambda: preview_move(move, now=clock.now())),
        ("forecast of its e-mails", None, lambda: forecast_mails(move, clock.now())),
        (
            "postponing one, with its preview under lock",
            None,
            lambda: carry_out(
                move, by=None, now=clock.now(), seen=preview_move(move, now=clock.now()).digest
            ),
        ),
    ):
        with cpu_measured() as cpu, CaptureQueriesContext(connection) as queries:
            call()
        record(f"{GROUPS:,} groups, {what}: CPU", cpu, "ms", aim)
        record(f"{GROUPS:,} groups, {what}: queries", len(queries), "queries")
