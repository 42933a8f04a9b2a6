"""The whole server's answers against the makers' own specifications, and doing without these."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lens.sandbox.cohort import EVENTS, GUILD, Service
from tests.support.conformance import Conformance
from tests.support.running_sandbox import RunningSandbox

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.conformance
def test_a_cohorts_calls_are_what_the_makers_specify(
    cohort: RunningSandbox, conformance: Conformance
) -> None:
    service = Service(cohort)
    service.discord("GET", f"{GUILD}/channels")
    service.google("GET", EVENTS)
    conformance.check("discord", cohort.calls(service="discord"))
    conformance.check("google", cohort.calls(service="google"))


@pytest.mark.conformance
def test_a_call_that_no_one_specifies_is_reported(
    sandbox: RunningSandbox, conformance: Conformance
) -> None:
    bot = {"Authorization": "Bot sandbox-test"}
    Service(sandbox).client.call("POST", f"{GUILD}/roles", {"name": 7}, bot)
    violations = conformance.find_violations("discord", sandbox.calls())
    assert any("request type body.name: 7 is not of type" in line for line in violations)


@pytest.mark.conformance
def test_an_injected_error_is_none_of_the_services_answers(
    sandbox: RunningSandbox, conformance: Conformance
) -> None:
    sandbox.set_faults({"kind": "error", "status": 500})
    Service(sandbox).client.get(f"{GUILD}/roles", Authorization="Bot sandbox-test")
    conformance.check("discord", sandbox.calls())


@pytest.mark.matrix
def test_without_the_specifications_the_tests_are_left_out_by_name(tmp_path: Path) -> None:
    """Runs pytest on this very file, as if the folder were not there."""
    (tmp_path / "elsewhere.py").write_text(
        "import pathlib, tests.support.conformance as support\n"
        "support.FOLDER = pathlib.Path('/nowhere')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "elsewhere", "--collect-only", __file__],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1/4 tests collected (3 deselected)" in done.stdout, done.stdout + done.stderr
    assert "/nowhere is not there, so these were left out:" in done.stdout
    assert "test_conformance.py::test_a_call_that_no_one_specifies_is_reported" in done.stdout
