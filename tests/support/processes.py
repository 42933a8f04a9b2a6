"""Real processes beside a test: the database they share with it, and waiting for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test's own database as a DATABASE_URL, for a process that a test starts."""
    told = connection.settings_dict
    host = str(told["HOST"] or told["OPTIONS"].get("host", ""))
    parts = {"host": host} if host.startswith("/") else {}
    place = "" if parts else f"{host}:{told['PORT'] or 5432}"
    user = quote(str(told["USER"]))
    secret = f":{quote(str(told['PASSWORD']), safe='')}" if told["PASSWORD"] else ""
    return f"postgres://{user}{secret}@{place}/{told['NAME']}?{urlencode(parts)}"


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that a test starts."""
    return {**os.environ, "DATABASE_URL": database_url(), "PYTHONPATH": str(ROOT), **more}


def wait_until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Look until it holds; fails with `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s: {what}"
        time.sleep(0.05)
