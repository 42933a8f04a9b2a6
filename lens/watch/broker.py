"""django-q2's queue in the database, from which workers receive only Lens's own tasks.

The check is made where tasks leave the queue, before any process of the cluster reads them. In a
worker it would be too late: an exception in django-q2's `pre_execute` ends the worker.
"""

import logging
import uuid
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import Task
from django_q.signals import pre_enqueue

from lens.schedules import must_wait
from lens.watch.task_list import UnreadablePackage, read_package, short, why_refused

logger = logging.getLogger(__name__)


class CheckingBroker(ORM):
    """Sets aside what is not on the list: the row leaves the queue and becomes a failed task."""

    def enqueue(self, task: str) -> int | None:
        """Queue a task, unless it must wait: then its schedule runs it later."""
        if must_wait(read_package(task).get("func", "")):
            return None
        return super().enqueue(task)

    def dequeue(self) -> list[tuple[int, str]] | None:
        taken = super().dequeue() or []
        return [(pk, payload) for pk, payload in taken if self._may_run(pk, payload)] or None

    def _may_run(self, pk: int, payload: str) -> bool:
        try:
            task = read_package(payload)
            why = why_refused(task)
        except UnreadablePackage as error:
            task, why = {}, f"it cannot be read ({error})"
        if why:
            self._set_aside(pk, task, why)
        return not why

    def _set_aside(self, pk: int, task: dict[str, Any], why: str) -> None:
        now = timezone.now()
        with transaction.atomic(using=Conf.ORM):
            self.delete(pk)
            # Without its hook: saving a Task with a hook calls the hook.
            Task.objects.using(Conf.ORM).create(
                id=uuid.uuid4().hex,
                name=str(task.get("name", ""))[:100],
                func=str(task.get("func", ""))[:256],
                started=now,
                stopped=now,
                success=False,
                result=f"Rejected, not run: {why}.",
                cluster=Conf.CLUSTER_NAME,
            )
        logger.error(
            "A task in the queue was rejected and did not run: %s. During an upgrade another "
            "version of Lens may have queued it, and nothing is lost; otherwise find out who can "
            "write to the database or knows SECRET_KEY. It is listed in the admin under Failed "
            "tasks (%s).",
            why,
            short(task.get("name", "without a name")),
        )


@receiver(pre_enqueue)
def queue_always(task: dict[str, Any], **_: Any) -> None:
    """Drop the option `sync`, with which a task would run in the process that queues it."""
    task.pop("sync", None)
