"""`manage.py sandbox`: local replacements of the outside services."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lens.sandbox.clock import Clock
from lens.sandbox.errors import SandboxError
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.server import as_path, serve
from lens.sandbox.services import TITLES, services_from_settings

DEFAULT_PORT = 8001


class Command(BaseCommand):
    help = (
        f"Serve a sandbox of the {' and '.join(TITLES)} APIs on this machine. The page at / "
        "shows its contents."
    )
    # It does not use the database, and must start without one.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
        parser.add_argument(
            "--state", metavar="FILE", help="file in which to keep the state across restarts"
        )
        parser.add_argument(
            "--record",
            metavar="FOLDER",
            help="write each call as a line of JSON, one file per service",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        def make_sandbox() -> Sandbox:
            clock = Clock()
            return Sandbox(
                services_from_settings(clock),
                clock=clock,
                state_file=as_path(options["state"]),
                record=as_path(options["record"]),
            )

        try:
            asyncio.run(serve(make_sandbox, port=options["port"], ready=self._announce))
        except SandboxError as error:
            raise CommandError(str(error)) from error

    def _announce(self, url: str) -> None:
        self.stdout.write(f"The sandbox is at {url}/ (press Ctrl-C to stop).")
        self.stdout.flush()
