"""`manage.py worker`: run django-q2's cluster with a watcher."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from lens.watch.watcher import watch


class Command(BaseCommand):
    help = (
        "Run a worker that carries out due work and restarts itself if it hangs. You can run any "
        "number of workers, on any number of machines, with one PostgreSQL database."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(
            f"Working with {settings.Q_CLUSTER['workers']} processes (press Ctrl-C to stop)."
        )
        watch()
