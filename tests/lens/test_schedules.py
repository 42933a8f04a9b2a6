"""The clock's rows: made once, mended, and never stopped by a bad one."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler
from django_q.tasks import async_task

from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats
from lens.schedules import (
    ENTRIES,
    NEW,
    SWEEP,
    TASKS,
    ScheduledTask,
    disable_bad,
    ensure_schedules,
)
from lens.watch.watcher import Watcher
from tests.lens.upgrade.two_releases import read_former

RUN = "cohorts.reconcile.tasks.run_provider"

pytestmark = pytest.mark.django_db


def test_a_watcher_turns_on_what_a_worker_of_the_version_before_turned_off(db: None) -> None:
    ensure_schedules()
    Schedule.objects.filter(name="housekeeping").update(repeats=0)
    Watcher()._keep_schedules()
    assert Schedule.objects.get(name="housekeeping").repeats == -1


def test_what_the_version_before_does_not_have_is_marked_as_new() -> None:
    former = read_former("lens/schedules.py")
    assert {entry.func for entry in ENTRIES if f'"{entry.func}"' not in former} == NEW


def test_what_the_version_before_does_not_know_waits_until_its_last_worker_has_stopped() -> None:
    new = {entry.name for entry in ENTRIES if entry.is_new}
    heartbeats.record_heartbeat("here:1:ab")
    WorkerHeartbeat.objects.create(name="here:2:cd", version="")
    ensure_schedules()
    for entry in ENTRIES:
        async_task(entry.func)
    assert new.isdisjoint(names())
    assert {row.task["func"] for row in OrmQ.objects.all()} == TASKS - NEW - {RUN}
    heartbeats.forget("here:2:cd")
    ensure_schedules()
    assert new <= {*names()}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_schedule_names_a_task_that_needs_nothing(entry: ScheduledTask) -> None:
    assert not inspect.signature(import_string(entry.func)).parameters


def names() -> list[str]:
    return sorted(Schedule.objects.values_list("name", flat=True))


def test_each_schedule_exists_once_even_if_ensured_again() -> None:
    ensure_schedules()
    ensure_schedules()
    assert names() == sorted(entry.name for entry in ENTRIES)


def test_twins_that_two_workers_made_at_once_become_one() -> None:
    ensure_schedules()
    Schedule.objects.create(name="sweep", func=SWEEP, minutes=1, schedule_type=Schedule.MINUTES)
    ensure_schedules()
    assert names() == sorted(entry.name for entry in ENTRIES)


def test_a_schedule_that_someone_changed_is_repaired_and_keeps_its_time() -> None:
    ensure_schedules()
    next_run = timezone.now() + timedelta(seconds=40)
    Schedule.objects.filter(name="sweep").update(minutes=60, repeats=0, args="1", next_run=next_run)
    ensure_schedules()
    row = Schedule.objects.get(name="sweep")
    assert (row.minutes, row.repeats, row.args) == (1, -1, None)
    assert row.next_run == next_run


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.former_name], ids=lambda e: e.name)
def test_a_renamed_schedule_keeps_its_row_and_its_time(entry: ScheduledTask) -> None:
    ensure_schedules()
    Schedule.objects.filter(name=entry.name).update(name=entry.former_name)
    before = Schedule.objects.get(name=entry.former_name)
    ensure_schedules()
    row = Schedule.objects.get(name=entry.name)
    assert (row.pk, row.next_run) == (before.pk, before.next_run)
    assert names() == sorted(each.name for each in ENTRIES)


@pytest.mark.django_db(transaction=True)  # django-q2 closes the connection in between
@pytest.mark.parametrize(
    "fields",
    [
        {"args": "1, 2, ["},
        {"args": "name"},
        {"kwargs": "5"},
        {"kwargs": "{1: 2}"},
        {"schedule_type": "?"},
    ],
)
def test_a_malformed_schedule_stops_the_others_only_until_it_is_noticed(
    fields: dict[str, object],
) -> None:
    ensure_schedules()
    due = timezone.now() - timedelta(minutes=1)
    Schedule.objects.update(next_run=due)
    Schedule.objects.create(
        **{"name": "bad", "func": "x.y", "next_run": due, "schedule_type": "H", **fields}
    )
    scheduler()
    assert not OrmQ.objects.exists(), "django-q2 carries on none of them"
    ensure_schedules()
    scheduler()
    assert Schedule.objects.get(name="bad").repeats == 0
    assert sorted(task.group() for task in OrmQ.objects.all()) == sorted(
        entry.name for entry in ENTRIES
    )


def test_a_schedule_of_a_function_that_is_not_lens_own_is_switched_off_once() -> None:
    Schedule.objects.create(name="theirs", func="x.y", args="1, 'John'", kwargs="a=1, b='c'")
    assert disable_bad() == ["theirs"]
    assert disable_bad() == []
    assert Schedule.objects.get(name="theirs").repeats == 0


def test_another_schedule_of_one_of_lens_tasks_is_left_alone() -> None:
    Schedule.objects.create(name="theirs", func=SWEEP, schedule_type=Schedule.HOURLY)
    assert disable_bad() == []
    assert Schedule.objects.get(name="theirs").repeats == -1
