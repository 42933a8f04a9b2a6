"""In CI a test that could not run is a failure: a gap must not look like a pass."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    skipped = find_skipped(session.config)
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if os.environ.get("CI") and find_skipped(config):
        terminalreporter.section("skipped, which counts as failed in CI", red=True)
        for report in find_skipped(config):
            terminalreporter.line(f"  {report.nodeid}")


def find_skipped(config: pytest.Config) -> list[Any]:
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", [])) if reporter else []
