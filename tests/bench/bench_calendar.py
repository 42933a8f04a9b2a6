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
from tests.support.cohort import work
from tests.support.large_calendar import (
    add_groups,
    add_series,
    cpu_measured,
    make_due,
    read_fully,
)
from tests.support.registries import Registered
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
GROUPS = int(os.environ.get("BENCH_GROUPS", "2000"))


@pytest.fixture
def only_calendar(registered: Registered) -> None:
    registered.only(providers, "calendar")


@pytest.mark.usefixtures("only_calendar")
@pytest.mark.parametrize("groups", [20, 80, 320])
def test_the_cpu_of_each_write_while_realizing(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str], groups: int
) -> None:
    made = add_groups(groups, 8, realized=False)
    services.request_realize([group.pk for group in made], by=None, now=clock.now())
    with cpu_measured() as cpu:
        work("calendar", slices=60)
    writes = len(sandbox.writes(service="google"))
    with capsys.disabled():
        print(f"\n{groups} groups realized: {1000 * cpu.seconds / writes:.1f} ms CPU per write")  # noqa: T201
    assert writes == groups


@pytest.mark.usefixtures("only_calendar")
def test_the_cpu_of_a_pass_a_full_listing_and_a_preview(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    made = add_groups(GROUPS, 10, realized=True)
    add_series(sandbox, made)
    for what, prepare in (
        ("the first pass, which lists everything", lambda: make_due(made[0])),
        ("a run with one group due", lambda: make_due(made[1])),
        ("a run that lists everything again, without news", lambda: _list_again(made[2])),
    ):
        prepare()
        with cpu_measured() as cpu, CaptureQueriesContext(connection) as queries:
            assert run_once("calendar")
        with capsys.disabled():
            print(f"\n{GROUPS} groups, {what}: {cpu.seconds:.2f} s CPU, {len(queries)} queries")  # noqa: T201
    _preview(made[0], capsys)


def _list_again(group: Group) -> None:
    read_fully()
    make_due(group)


def _preview(group: Group, capsys: pytest.CaptureFixture[str]) -> None:
    meeting = Meeting.objects.filter(group=group).order_by("number")[1]
    move = Postpone(meeting.pk)
    for what, call in (
        ("preview", lambda: preview_move(move, now=clock.now())),
        ("forecast of e-mails", lambda: forecast_mails(move, clock.now())),
        (
            "postponing, with its preview under lock",
            lambda: carry_out(
                move, by=None, now=clock.now(), seen=preview_move(move, now=clock.now()).digest
            ),
        ),
    ):
        with cpu_measured() as cpu, CaptureQueriesContext(connection) as queries:
            call()
        with capsys.disabled():
            print(f"\n{GROUPS} groups, {what}: {1000 * cpu.seconds:.0f} ms, {len(queries)} queries")  # noqa: T201
