"""Waking a worker.  A nudge makes it fast; the minute sweep makes it certain."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django_q.tasks import async_task


def nudge(mirror: str) -> None:
    """Queue one look at a mirror.  Also right inside a transaction: it is rolled back with it."""
    async_task("cohorts.sync.tasks.run_mirror", mirror, group=f"sync-{mirror}")


def nudge_on_commit(mirror: str) -> None:
    """Nudge once per mirror and transaction, however many facts changed in it."""
    callback = _callback(mirror)
    waiting: list[Any] = connection.run_on_commit
    if not any(entry[1] is callback for entry in waiting):
        transaction.on_commit(callback)


@cache
def _callback(mirror: str):
    def nudge_after_commit() -> None:
        nudge(mirror)

    return nudge_after_commit
