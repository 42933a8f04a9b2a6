"""A worker in processes of its own, and which of them is what."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cohorts.reconcile.models import ProviderState
from tests.lens.watch.toy import FAIL, HOLD
from tests.support.processes import ROOT, environment, wait_until

# Long enough for a busy machine, far below the two minutes that are promised.
SOON = 60
# How django-q2 names its processes.
ENDS = {"worker": " idle", "monitor": " monitor", "pusher": " pusher"}


class RunningWorker:
    """`manage.py worker` on the test's database, with the toy provider."""

    def __init__(
        self,
        folder: Path,
        url: str = "",
        settings: str = "tests.lens.watch.toy_settings",
        **pace: float,
    ) -> None:
        self.hold_file = folder / "hold"
        self.log = folder / "worker.log"
        paces = {f"WATCH_{name.upper()}_SECONDS": str(seconds) for name, seconds in pace.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=ROOT,
                env=environment(
                    DJANGO_SETTINGS_MODULE=settings,
                    LOG_LEVEL="INFO",
                    **({"DATABASE_URL": url} if url else {}),
                    **{HOLD: str(self.hold_file), "WATCH_LOOK_SECONDS": "0.2", **paces},
                ),
                stdout=log,
                stderr=log,
            )

    # -- what it says ------------------------------------------------------------------------

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def hold(self) -> None:
        """Have the next look at the outside wait."""
        self.hold_file.touch()

    def break_toy(self) -> None:
        """Have every look at the outside fail."""
        self.hold_file.write_text(FAIL, encoding="ascii")

    def let_go(self) -> None:
        self.hold_file.unlink()

    # -- its processes -----------------------------------------------------------------------

    def find(self, kind: str) -> int:
        """The number of a process: watcher, cluster, sentinel, worker, holder, monitor, pusher.

        `worker` is an idle one, `holder` the one that is at work on the toy provider.
        """
        wait_until(lambda: self._find(kind), SOON, f"there is no {kind}\n{self.said()}")
        return self._find(kind)

    def _find(self, kind: str) -> int:
        if kind == "watcher":
            return self.process.pid
        if kind == "holder":
            return find_holder()
        clusters = children(self.process.pid)
        sentinels = [pid for parent in clusters for pid in children(parent)]
        members = [pid for parent in sentinels for pid in children(parent)]
        found = {"cluster": clusters, "sentinel": sentinels}.get(kind) or [
            pid for pid in members if title(pid).endswith(ENDS.get(kind, "?"))
        ]
        return found[0] if found else 0

    def group(self) -> int:
        """The cluster's process group."""
        return self.find("cluster")

    # -- its end -----------------------------------------------------------------------------

    def ask_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """At the end of a test: nothing stays, whatever the test has done to it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def find_holder() -> int:
    """The process that holds the toy provider, 0 for none."""
    state = ProviderState.objects.filter(provider="toy").exclude(holder="").first()
    return int(state.holder.rpartition("/")[2]) if state else 0


def children(parent: int) -> list[int]:
    try:
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(pid) for pid in listed.split()]


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().strip("\0 ")
    except OSError:
        return ""


def is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
