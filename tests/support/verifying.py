"""Calling `verify_services` as an operator does, and killing it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Sequence

import pytest
from django.core.management import CommandError, call_command

from cohorts.reconcile.models import ScratchObject, VerificationResult
from tests.support.running_sandbox import RunningSandbox
from tests.support.workers import bury, start

Answers = Sequence[Callable[[], str]]
Verify = Callable[..., str]
MOST_CALLS = 60


class Keyboard:
    """What the operator types: these answers one by one, and then nothing."""

    def __init__(self, answers: Answers) -> None:
        self.left = list(answers)

    def readline(self) -> str:
        return self.left.pop(0)() + "\n" if self.left else ""


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Run the command and return its output, with a CommandError as its last line."""

    def verify(*options: str, answers: Answers = ()) -> str:
        monkeypatch.setattr(sys, "stdin", Keyboard(answers))
        out = io.StringIO()
        try:
            call_command("verify_services", *options, "--wait", "0", stdout=out)
        except CommandError as error:
            return f"{out.getvalue()}{error}"
        return out.getvalue()

    return verify


def found() -> dict[str, tuple[str, str]]:
    """What is stored: verdict and value, by the probe's name."""
    return {row.name: (row.verdict, row.value) for row in VerificationResult.objects.all()}


def kill_at(sandbox: RunningSandbox, service: str, n: int, *options: str) -> None:
    """Run the command in a process, and kill it when its n-th call has had its effect."""
    seen = sandbox.last
    sandbox.set_faults({"kind": "hold_after", "service": service, "nth": n})
    process = start(*options, calls="verify")
    sandbox.wait_for_call(since=seen, held=True)
    bury(process)
    sandbox.set_faults()


def is_clean() -> bool:
    """Whether the journal says that nothing is left outside."""
    return not ScratchObject.objects.exists()


def kill_at_each(
    sandbox: RunningSandbox,
    service: str,
    calls: Iterable[int],
    *options: str,
    clean: Callable[[], str],
    look: Callable[[], object],
) -> None:
    """Kill the command at each of these calls; `clean`, a run that makes nothing, then leaves what
    `look` sees as it was."""
    before = look()
    for n in calls:
        kill_at(sandbox, service, n, *options)
        seen = sandbox.last
        clean()
        assert len(sandbox.calls(since=seen, service=service)) <= MOST_CALLS
        assert look() == before, f"killed after call {n}"
        assert is_clean()
