"""Waking a worker. A nudge starts work early; the sweep, every minute, guarantees it."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.db import connection, transaction
from django.dispatch import receiver
from django_q.signals import pre_execute
from django_q.tasks import async_task

from cohorts.reconcile.workers.correlation import adopt, current_id


def nudge(provider: str) -> None:
    """Queue one run for a provider. Inside a transaction it is rolled back with it.

    The task's name ends with the id of what queues it. Another argument would be an error in a
    worker of the previous version, which may take the task during an upgrade.
    """
    async_task(
        "cohorts.reconcile.tasks.run_provider",
        provider,
        group=f"sync-{provider}",
        task_name=f"sync {provider} {current_id()}".strip(),
    )


@receiver(pre_execute)
def continue_id(task: dict[str, Any], **_: Any) -> None:
    """Have a task work under the id in its name. Never raises: that would end the worker."""
    match str(task.get("name", "")).split(" "):
        case ["sync", _, given]:
            adopt(given)
        case _:
            adopt("")


def nudge_on_commit(provider: str) -> None:
    """Nudge once per provider and transaction, for any number of changed facts."""
    callback = _callback(provider)
    waiting: list[Any] = connection.run_on_commit
    if not any(entry[1] is callback for entry in waiting):
        transaction.on_commit(callback)


@cache  # the same object for each provider
def _callback(provider: str) -> Callable[[], None]:
    return partial(nudge, provider)
