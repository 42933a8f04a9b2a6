"""`manage.py follow_sandbox_clock`: keep the product's clock equal to the sandbox's."""

import contextlib
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lens.sandbox_clock import follow

EVERY = 1  # seconds


class Command(BaseCommand):
    help = "Follow the sandbox's clock, so that Lens and the sandbox have the same time."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("No sandbox is configured, so there is no clock to follow.")
        while True:
            with contextlib.suppress(OSError):  # the sandbox may be starting or stopping
                if follow():
                    self.stdout.write("The clock was moved.")
            time.sleep(EVERY)
