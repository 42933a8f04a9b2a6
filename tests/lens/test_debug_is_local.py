"""An installation with DEBUG that others can reach does not start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from tests.support.spread import spread

PROCESSES = {
    "check": ["manage.py", "check"],
    "web": ["-c", "import lens.wsgi"],
    "worker": ["manage.py", "worker"],
    "bot": ["manage.py", "run_discord_bot"],
}


PUBLIC = {"SITE_URL": "https://lens.example.org", "ALLOWED_HOSTS": "127.0.0.1,lens.example.org"}


@pytest.mark.parametrize(
    ("process", "name"),
    spread(PROCESSES, PUBLIC, every=1, always=[("web", "SITE_URL"), ("check", "ALLOWED_HOSTS")]),
)
def test_a9_debug_with_a_public_address_is_refused(process: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, *PROCESSES[process]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite://:memory:", "DEBUG": "1"}
        | {name: PUBLIC[name]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "DEBUG is on and" in done.stderr
    assert "lens.example.org, which is not this machine" in done.stderr
