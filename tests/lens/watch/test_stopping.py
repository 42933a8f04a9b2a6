"""The end of a cluster of which some processes have already ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lens.watch.running import SOON
from tests.support.processes import ROOT, environment

# What the guard leaves when two processes were recycled since it last looked.
STOP = """
import django
django.setup()
from multiprocessing import Event
from uuid import uuid4
from lens.watch.cluster import WatchedSentinel

sentinel = WatchedSentinel(Event(), Event(), uuid4(), start=False)
ended = [sentinel.spawn_process(print) for _ in range(4)]
for process in ended:
    process.join()
*sentinel.pool, sentinel.monitor, sentinel.pusher = ended
sentinel.start_event.set()
sentinel.stop_event.set()
sentinel.stop()
"""


@pytest.mark.django_db(transaction=True)
def test_a_cluster_stops_although_two_of_its_processes_were_just_recycled() -> None:
    subprocess.run(
        [sys.executable, "-c", STOP],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="lens.settings"),
        check=True,
        timeout=SOON / 3,
    )
