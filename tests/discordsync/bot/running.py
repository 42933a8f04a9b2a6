"""`manage.py run_discord_bot` in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from django.utils import timezone

from discordsync.bot.models import BotHeartbeat
from lens.sandbox.inprocess import RunningSandbox
from tests.support.processes import ROOT, environment, wait_until
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
                env=environment(LOG_LEVEL="INFO", **sandbox_environment(sandbox), **more),
                stdout=out,
                stderr=out,
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_until_heard(self) -> None:
        """It is connected anew, and has caught up with what is there."""
        began = timezone.now()
        wait_until(
            lambda: (
                self.process.poll() is not None
                or BotHeartbeat.objects.filter(heard_at__gte=began).exists()
            ),
            SOON,
            f"the bot was not heard\n{self.said()}",
        )
        assert self.process.poll() is None, self.said()

    def end(self) -> int:
        """As a deployment does it; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SOON)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
