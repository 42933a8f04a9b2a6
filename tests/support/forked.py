"""What runs in the forked workers of tests.support.workers.  Importing it loads Django once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lens.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from cohorts import clock  # noqa: E402
from cohorts.outbox import tasks as messages  # noqa: E402
from cohorts.outbox.email import rounds  # noqa: E402
from cohorts.reconcile import tasks  # noqa: E402
from cohorts.reconcile.controller import run_once  # noqa: E402
from cohorts.reconcile.runs import provider_state  # noqa: E402
from discordsync.rest import client  # noqa: E402, F401 - loads discord.py before the first fork
from tests.support import registries  # noqa: E402

SLICES = 60


def work(
    database: str, passed: Mapping[str, Any], registered: Any, mirrors: tuple[str, ...]
) -> None:
    """Slices until nothing is due.  A provider that another worker holds, or that an outage has
    wait, is not waited for."""
    take_over(database, passed, registered)
    for _ in range(SLICES):
        if not work_on_due(mirrors):
            return
    raise SystemExit(f"still due after {SLICES} slices")


def work_on_due(mirrors: tuple[str, ...]) -> bool:
    """Run once on each provider that has work; return whether this process held any of them."""
    due = [
        m
        for m in mirrors
        if provider_state.has_work(m, clock.now()) and not provider_state.is_waiting(m)
    ]
    held = [run_once(name) for name in due]
    return any(held)


def send_emails(
    database: str, passed: Mapping[str, Any], registered: Any, mirrors: tuple[str, ...]
) -> None:
    """One round of sending pending e-mails."""
    take_over(database, passed, registered)
    rounds.send_round()


def live(
    database: str, passed: Mapping[str, Any], registered: Any, mirrors: tuple[str, ...]
) -> None:
    """All that a worker does in its first minute."""
    take_over(database, passed, registered)
    tasks.sweep()
    messages.collect_all()
    for _ in range(3):
        for name in mirrors:
            run_once(name)
    messages.send_emails()


def verify(
    database: str, passed: Mapping[str, Any], registered: Any, options: tuple[str, ...]
) -> None:
    """`manage.py verify_services` with these options; nobody answers its questions."""
    take_over(database, passed, registered)
    sys.stdin = io.StringIO()
    call_command("verify_services", *options, "--wait", "0", stdout=io.StringIO())


def take_over(database: str, passed: Mapping[str, Any], registered: Any) -> None:
    os.environ["LENS_WORKER"] = f"forked:{os.getpid()}"
    settings.DATABASES["default"]["NAME"] = database
    connections["default"].settings_dict["NAME"] = database
    for name, value in passed.items():
        setattr(settings, name, value)
    registries.replace_all(registered)
