"""Keep the product's clock at the sandbox's, until ended."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lens.sandbox_clock import follow

EVERY = 1  # seconds


class Command(BaseCommand):
    help = "Follow the sandbox's clock, so that a moved hour is the same on both sides."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("There is no sandbox here, so there is no clock to follow.")
        while True:
            with contextlib.suppress(OSError):  # it may be on its way, or about to end
                if follow():
                    self.stdout.write("The clock was moved.")
            time.sleep(EVERY)
