"""`manage.py worker`: run django-q2's cluster with a watcher."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from lens.watch.simple_worker import work_until_stopped
from lens.watch.watcher import watch


class Command(BaseCommand):
    help = (
        "Run a worker that carries out due work and restarts itself if it hangs. You can run any "
        "number of workers, on any number of machines, with one PostgreSQL database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--simple",
            action="store_true",
            help="do everything in this one process, without django-q2's cluster and its watcher",
        )

    def handle(self, *args: Any, simple: bool, **options: Any) -> None:
        if simple:
            self.stdout.write("Working in one process (press Ctrl-C to stop).")
            work_until_stopped()
            return
        self.stdout.write(
            f"Working with {settings.Q_CLUSTER['workers']} processes (press Ctrl-C to stop)."
        )
        watch()
