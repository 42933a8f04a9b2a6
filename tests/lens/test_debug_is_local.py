"""An installation with DEBUG that others can reach does not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

PROCESSES = {
    "check": ["manage.py", "check"],
    "web": ["-c", "import lens.wsgi"],
    "worker": ["manage.py", "worker"],
    "bot": ["manage.py", "run_discord_bot"],
}


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    "public",
    [{"SITE_URL": "https://lens.example.org"}, {"ALLOWED_HOSTS": "127.0.0.1,lens.example.org"}],
    ids=lambda public: next(iter(public)),
)
def test_a9_debug_with_a_public_address_is_refused(process: str, public: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, *PROCESSES[process]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite://:memory:", "DEBUG": "1"}
        | public,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "DEBUG is on and" in done.stderr
    assert "lens.example.org, which is not this machine" in done.stderr
