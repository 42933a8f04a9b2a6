"""`manage.py sandbox`: Discord and Google Calendar on this machine."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lens.sandbox.clock import Clock
from lens.sandbox.errors import SandboxError
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.server import as_path, serve
from lens.sandbox.services import DEFAULT_CALENDAR_ID, DEFAULT_GUILD_ID, make_services

DEFAULT_PORT = 8001


class Command(BaseCommand):
    help = (
        "Serve a sandbox of the Discord and Google Calendar APIs on this machine. The page at / "
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
            return self._make_sandbox(options)

        try:
            asyncio.run(serve(make_sandbox, port=options["port"], ready=self._announce))
        except SandboxError as error:
            raise CommandError(str(error)) from error

    def _make_sandbox(self, options: dict[str, Any]) -> Sandbox:
        clock = Clock()
        guild_id = int(settings.DISCORD_GUILD_ID or DEFAULT_GUILD_ID)
        calendar_id = settings.GOOGLE_CALENDAR_ID or DEFAULT_CALENDAR_ID
        return Sandbox(
            make_services(clock, guild_id=guild_id, calendar_id=calendar_id),
            clock=clock,
            identity={"guild": str(guild_id), "calendar": calendar_id},
            state_file=as_path(options["state"]),
            record=as_path(options["record"]),
        )

    def _announce(self, url: str) -> None:
        self.stdout.write(f"The sandbox is at {url}/ (press Ctrl-C to stop).")
        self.stdout.flush()
