"""A cluster that looks alive and does nothing; and a worker's orderly end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule

from cohorts.reconcile.models import GroupSync, ProviderState, WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats, lease
from cohorts.reconcile.workers.nudges import nudge
from lens.watch.stall import (
    LEFT_BY_KILLED,
    StallTimer,
    read_due_tasks,
    read_unacknowledged,
)
from tests.lens.watch.conftest import DueWork
from tests.lens.watch.running import SOON, RunningWorker, find_holder, is_group_alive, title
from tests.support.processes import ROOT, environment, wait_until
from tests.support.relay import Relay

Start = Callable[..., RunningWorker]


@pytest.fixture
def relay(transactional_db: None) -> Iterator[Relay]:
    made = Relay()
    yield made
    made.close()


def wait_until_gone(group: int, worker: RunningWorker) -> None:
    wait_until(lambda: not is_group_alive(group), SOON, f"processes are left\n{worker.said()}")


# -- doing nothing -----------------------------------------------------------------------------


@pytest.mark.matrix
def test_a_cluster_that_takes_nothing_is_replaced(start_worker: Start, due_work: DueWork) -> None:
    worker = start_worker(patience=5)
    due_work.wait_until_done(due_work.add())
    group = worker.group()
    os.kill(worker.find("pusher"), signal.SIGSTOP)
    row = due_work.add()
    nudge("toy")
    wait_until_gone(group, worker)
    due_work.wait_until_done(row)
    assert "and no process took one" in worker.said()


@pytest.mark.matrix
def test_a_sentinel_that_is_frozen_is_replaced(start_worker: Start, due_work: DueWork) -> None:
    worker = start_worker(schedule_late=40)
    group = worker.group()
    os.kill(worker.find("sentinel"), signal.SIGSTOP)
    wait_until(lambda: not is_group_alive(group), 90, worker.said())
    assert "Schedules were due for" in worker.said()
    due_work.wait_until_done(due_work.add())


@pytest.mark.django_db
def test_a_backlog_from_which_tasks_disappear_is_no_sign() -> None:
    waiting = StallTimer(read_due_tasks)
    for _ in range(3):
        nudge("toy")
    waiting.seconds()
    waiting.since -= 100
    assert waiting.seconds() >= 100, "three tasks wait, and none was taken"
    OrmQ.objects.first().delete()
    nudge("toy")
    assert waiting.seconds() < 100, "one was taken, though as many wait as before"


@pytest.mark.django_db
def test_tasks_that_a_killed_cluster_of_another_machine_left_are_no_sign() -> None:
    now = timezone.now()
    taken = now - timedelta(seconds=Conf.TIMEOUT + 1) + timedelta(seconds=Conf.RETRY)
    for _ in range(LEFT_BY_KILLED):
        nudge("toy")
    OrmQ.objects.update(lock=taken)
    assert not read_unacknowledged(now - timedelta(hours=1))
    nudge("toy")
    OrmQ.objects.update(lock=taken)
    assert len(read_unacknowledged(now - timedelta(hours=1))) == LEFT_BY_KILLED + 1
    assert not read_unacknowledged(now), "taken before this cluster began"


@pytest.mark.django_db
def test_an_empty_queue_is_no_sign() -> None:
    waiting = StallTimer(read_due_tasks)
    waiting.since -= 100
    assert waiting.seconds() < 1


FREEZE = """
import os, signal, django
django.setup()
from django.db import transaction
from django_q.models import Schedule
with transaction.atomic():
    print(len(Schedule.objects.select_for_update()), flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.matrix
def test_o2_a_process_that_is_frozen_inside_a_transaction_stops_no_schedule(
    start_worker: Start,
) -> None:
    worker = start_worker()
    wait_until(lambda: Schedule.objects.filter(name="sweep").exists(), SOON, worker.said())
    frozen = subprocess.Popen(
        [sys.executable, "-c", FREEZE],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="lens.settings", DATABASE_IDLE_SECONDS="5"),
        stdout=subprocess.PIPE,
    )
    try:
        assert frozen.stdout
        assert int(frozen.stdout.readline()) > 0
        late = Schedule.objects.get(name="sweep").next_run
        wait_until(lambda: Schedule.objects.get(name="sweep").next_run > late, 90, worker.said())
    finally:
        frozen.kill()
        frozen.wait()
    assert "Schedules were due" not in worker.said()  # the cluster was not replaced


# -- heartbeats --------------------------------------------------------------------------------


def test_a_worker_has_a_heartbeat_while_it_runs_and_is_not_missed_after_its_end(
    start_worker: Start,
) -> None:
    assert not heartbeats.is_worker_alive()
    worker = start_worker()
    wait_until(heartbeats.is_worker_alive, SOON, worker.said())
    worker.find("worker")
    worker.ask_to_end()
    assert worker.process.wait(SOON) == 0
    assert not WorkerHeartbeat.objects.exists()


@pytest.mark.matrix
def test_a_database_that_is_not_there_is_reported_and_waited_for(
    transactional_db: None, tmp_path: Path
) -> None:
    env = environment(DATABASE_URL="postgres://lens@127.0.0.1:9/none", WATCH_LOOK_SECONDS="0.2")
    log = tmp_path / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"], cwd=ROOT, env=env, stdout=sink, stderr=sink
        )
    try:
        wait_until(lambda: "The database is unavailable" in log.read_text(), SOON, log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()


def test_o1_an_outage_of_the_database_is_two_lines_in_the_log(
    start_worker: Start, due_work: DueWork, relay: Relay
) -> None:
    worker = start_worker(url=relay.url)
    due_work.wait_until_done(due_work.add())
    wait_until(lambda: not find_holder(), SOON, "the lease would outlast the test")
    relay.down()
    # Each process of the cluster has tried several times, and its pusher was replaced.
    pusher = worker.find("pusher")
    wait_until(lambda: worker.find("pusher") != pusher, SOON, worker.said())
    wait_until(lambda: relay.refused > 30, SOON, worker.said())
    relay.up()
    wait_until(lambda: "The database is available again" in worker.said(), SOON, worker.said())
    row = due_work.add()
    nudge("toy")
    due_work.wait_until_done(row)
    loud = [line for line in worker.said().splitlines() if " ERROR " in line or "CRITICAL" in line]
    assert len(loud) == 2, "\n".join(loud)
    assert "Check DATABASE_URL" in loud[0]
    assert "WARNING cohorts.outages: This process has lost the database" in worker.said()


@pytest.mark.matrix
def test_o12_a_watcher_and_its_cluster_share_the_memory_of_what_tasks_need(
    start_worker: Start, due_work: DueWork
) -> None:
    """No one answers at the services' addresses; their clients are loaded all the same."""
    worker = start_worker(settings="lens.settings")
    idle = worker.find("worker")
    GroupSync.objects.create(group=due_work.add().group, provider="discord")
    GroupSync.objects.create(group=due_work.add().group, provider="calendar")
    for mirror in ("discord", "calendar") * 20:
        nudge(mirror)
    wait_until(lambda: not OrmQ.objects.exists(), SOON, worker.said())
    for pid in (idle, worker.find("watcher"), worker.find("monitor")):
        sizes = read_memory(pid)
        own = sizes["Private_Clean"] + sizes["Private_Dirty"]
        assert own < 0.45 * sizes["Rss"], (title(pid), sizes)


def read_memory(pid: int) -> dict[str, int]:
    """What a process holds, in kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (one.partition(":") for one in lines)}


# -- the end -----------------------------------------------------------------------------------


@pytest.fixture
def holding(start_worker: Start, due_work: DueWork) -> RunningWorker:
    """A worker in the middle of a call, which lasts until `let_go`."""
    worker = start_worker(grace=SOON)
    worker.find("worker")
    worker.hold()
    due_work.add()
    nudge("toy")
    worker.find("holder")
    return worker


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(n, marks=pytest.mark.matrix) for n in (signal.SIGINT, signal.SIGHUP)),
    ],
)
def test_a_call_under_way_is_finished_before_the_end(
    holding: RunningWorker, due_work: DueWork, number: signal.Signals
) -> None:
    group = holding.group()
    holding.process.send_signal(number)
    wait_until(lambda: "Stopping after" in holding.said(), SOON, holding.said())
    assert holding.process.poll() is None
    holding.let_go()
    assert holding.process.wait(SOON) == 0
    assert not is_group_alive(group)
    assert ProviderState.objects.get(provider="toy").holder == ""


@pytest.mark.matrix
def test_a_second_signal_ends_it_at_once(holding: RunningWorker) -> None:
    group = holding.group()
    holding.ask_to_end()
    wait_until(lambda: "Stopping after" in holding.said(), SOON, holding.said())
    holding.ask_to_end()
    assert holding.process.wait(SOON / 2) == 0, "sooner than the time of grace"
    assert not is_group_alive(group)
    assert ProviderState.objects.get(provider="toy").holder == "", "what it held is given back"


@pytest.mark.matrix
def test_a_call_that_does_not_finish_is_cut_off_after_the_time_of_grace(
    start_worker: Start, due_work: DueWork
) -> None:
    worker = start_worker(grace=1)
    worker.hold()
    due_work.add()
    worker.find("holder")
    group = worker.group()
    worker.ask_to_end()
    assert worker.process.wait(SOON) == 0
    assert not is_group_alive(group)
    assert "Stopping it now" in worker.said()


@pytest.mark.matrix
def test_nothing_is_left_of_a_cluster_whose_watcher_was_killed(
    start_worker: Start, due_work: DueWork
) -> None:
    worker = start_worker(grace=1)
    worker.hold()
    due_work.add()
    worker.find("holder")
    group = worker.group()
    os.kill(worker.find("watcher"), signal.SIGKILL)
    wait_until_gone(group, worker)


@pytest.mark.django_db
def test_only_what_the_buried_worker_held_is_given_back() -> None:
    ProviderState.objects.create(provider="its", holder="machine:1:aa/7")
    ProviderState.objects.create(provider="another's", holder="machine:1:aab/7")
    assert lease.release_dead("machine:1:aa") == 1
    assert ProviderState.objects.get(provider="another's").holder == "machine:1:aab/7"
