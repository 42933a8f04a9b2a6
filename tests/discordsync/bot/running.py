"""`manage.py run_discord_bot` in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support.processes import ROOT, environment, wait_until
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import sandbox_environment

SOON = 60.0  # seconds; far more than anything here takes


class RunningBot:
    """One bot on the test's database and sandbox."""

    def __init__(self, log: Path, sandbox: RunningSandbox, **more: str) -> None:
        self.log = log
        self.sandbox = sandbox
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run_discord_bot"],
                cwd=ROOT,
                env=environment(**{"LOG_LEVEL": "INFO", **sandbox_environment(sandbox), **more}),
                stdout=out,
                stderr=out,
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self, since: int = 0) -> None:
        """It is connected, has caught up with what is there, and its commands are known.

        `since`: the newest call before it was started, in a sandbox that has known a bot before.
        """
        wait_until(
            lambda: not self.is_running() or self._has_asked_for_commands(since),
            SOON,
            f"the bot was not heard\n{self.said()}",
        )
        assert self.is_running(), self.said()

    def _has_asked_for_commands(self, since: int) -> bool:
        """The last thing that it does as it comes; in a new world it has to write them as well."""
        asked = [call for call in self.sandbox.calls(since) if call["path"].endswith("/commands")]
        done = [call for call in asked if call["status"] == 200]
        return bool(done) and (since > 0 or done[-1]["method"] == "PUT")

    def end(self) -> int:
        """As a deployment does it; returns the exit status."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SOON)

    def freeze(self) -> None:
        """As a machine does that is busy with something else; returns when every thread stands."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: self._states() == {"T"}, SOON, "the bot does not stop")

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def _states(self) -> set[str]:
        stats = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return {stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] for stat in stats}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
