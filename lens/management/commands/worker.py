"""`manage.py worker`: run django-q2's cluster with a watcher."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from lens.watch.watcher import watch


class Command(BaseCommand):
    help = (
        "Work: carry out what is due, with a watch that notices a cluster that hangs. "
        "Any number of these may run, on any number of machines, against one PostgreSQL."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Working with {settings.Q_CLUSTER['workers']} processes (Ctrl-C ends).")
        watch()
