"""Checking calls against the makers' own specifications, where these are at hand.

    @pytest.mark.conformance
    def test_what_we_send_is_what_discord_specifies(sandbox, conformance):
        ...
        conformance.check("discord", sandbox.calls(service="discord"))

The specifications are no part of this repository. Where the folder beside it is missing,
tests with the mark are deselected, each by its name, and the summary lists them.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance"
CHECKERS = {"discord": "discord_conformance.py", "google": "calendar_conformance.py"}
SHOWN_VIOLATIONS = 40

left_out = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Conformance:
    """The checkers, and a folder for what they are to read."""

    scratch: Path

    def check(self, service: str, calls: list[dict[str, Any]], *, requests: bool = True) -> None:
        """Fails with each violation; `requests=False` checks the answers alone.

        Calls to an endpoint come as `sandbox.calls(service=…)` gives them. None at all is a
        failure too, since such a check would say nothing.
        """
        assert calls, f"there are no calls to {service} to check"
        violations = self.find_violations(service, calls, requests=requests)
        shown = "\n".join(violations[:SHOWN_VIOLATIONS])
        assert not violations, f"{len(violations)} violations of {service}'s document:\n{shown}"

    def find_violations(
        self, service: str, calls: list[dict[str, Any]], *, requests: bool = True
    ) -> list[str]:
        """One line for each violation, strictly read."""
        file = self.scratch / f"{service}.jsonl"
        file.write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
        sides = ["--requests", "--responses"] if requests else ["--responses"]
        command = [sys.executable, FOLDER / CHECKERS[service], *sides, "--strict", file]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line.removeprefix(f"{file}:") for line in done.stdout.splitlines()]
        if done.returncode and not lines:
            raise RuntimeError(f"the checker failed: {done.stderr}")
        return lines


@pytest.fixture
def conformance(tmp_path: Path) -> Conformance:
    return Conformance(tmp_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if FOLDER.is_dir():
        return
    needing = [item for item in items if item.get_closest_marker("conformance")]
    if needing:
        config.stash[left_out] = [item.nodeid for item in needing]
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    names = config.stash.get(left_out, [])
    if names:
        terminalreporter.section("without the makers' specifications")
        terminalreporter.line(f"{FOLDER} is not there, so these were left out:")
        for name in names:
            terminalreporter.line(f"  {name}")
