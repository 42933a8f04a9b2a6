"""Waking a worker. A nudge starts work early; the sweep, every minute, guarantees it."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django_q.tasks import async_task

from cohorts.reconcile.workers.correlation import current_id


def nudge(provider: str) -> None:
    """Queue one run for a provider. Inside a transaction it is rolled back with it."""
    async_task(
        "cohorts.reconcile.tasks.run_provider", provider, current_id(), group=f"sync-{provider}"
    )


def nudge_on_commit(provider: str) -> None:
    """Nudge once per provider and transaction, for any number of changed facts."""
    callback = _callback(provider)
    waiting: list[Any] = connection.run_on_commit
    if not any(entry[1] is callback for entry in waiting):
        transaction.on_commit(callback)


@cache
def _callback(provider: str):
    def nudge_after_commit() -> None:
        nudge(provider)

    return nudge_after_commit
