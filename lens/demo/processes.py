"""Processes that are started and ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lens.watch.signals import ENDING, SignalWaiter

GRACE = 10  # seconds for all to end after the first signal
LAST_GRACE = 2  # after the second
SHOWN_LINES = 20


class Stopped(Exception):
    """Ctrl-C was pressed, or SIGTERM received."""


class ProcessFailed(Exception):
    """A process ended unexpectedly. The message has its name and its last lines."""

    def __init__(self, name: str, status: int, lines: Sequence[str]) -> None:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        super().__init__(f"{name} {how}. Its last lines:\n{said}")


class ProcessGroup:
    """Starts processes, watches them, and ends them all. Each writes to a log file of its own."""

    def __init__(
        self, signals: SignalWaiter, *, folder: Path, logs: Path, environment: Mapping[str, str]
    ):
        self.signals = signals
        self.folder = folder
        self.logs = logs
        self.environment = dict(environment)
        self.members: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *arguments: str) -> None:
        """Start `manage.py` with these arguments."""
        with self._log(name).open("wb") as log:
            self.members[name] = subprocess.Popen(  # noqa: S603 - our own commands
                [sys.executable, "manage.py", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal must reach only us; we signal them ourselves.
                start_new_session=True,
            )

    def run(self, name: str, *arguments: str) -> None:
        """Run `manage.py` with these arguments to its end.  Raises ProcessFailed when it fails."""
        self.start(name, *arguments)
        process = self.members[name]
        while process.poll() is None:
            self.wait(1, finite=name)
        del self.members[name]
        if process.returncode:
            raise ProcessFailed(name, process.returncode, self.last_lines(name))

    def wait(self, seconds: float, *, finite: str = "") -> None:
        """Wait for so long, or until something happens. Raises Stopped and ProcessFailed.

        `finite` names the process that may end.
        """
        if self.signals.wait(seconds) & ENDING:
            raise Stopped
        for name, process in self.members.items():
            status = process.poll()
            if status is not None and name != finite:
                raise ProcessFailed(name, status, self.last_lines(name))

    def last_lines(self, name: str) -> list[str]:
        text = self._log(name).read_text(encoding="utf-8", errors="replace")
        return text.splitlines()[-SHOWN_LINES:]

    def end(self) -> None:
        """End all processes: gracefully, sooner at a second signal, and finally by force."""
        if not self._end_with(signal.SIGTERM, GRACE) and not self._end_with(
            signal.SIGTERM, LAST_GRACE
        ):
            self._end_with(signal.SIGKILL, LAST_GRACE)

    def _end_with(self, number: signal.Signals, seconds: float) -> bool:
        """Signal all; return whether they ended before the time was up or another signal came."""
        for process in self._living():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        deadline = time.monotonic() + seconds
        while self._living() and time.monotonic() < deadline:
            if self.signals.wait(deadline - time.monotonic()) & ENDING:
                break
        return not self._living()

    def _living(self) -> list[subprocess.Popen[bytes]]:
        return [process for process in self.members.values() if process.poll() is None]

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"
