"""`manage.py demo_data`: create the database and the sample academy of `make run`."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from lens.demo.sample import fill_sample, find_learner


class Command(BaseCommand):
    help = "Create or migrate the database and, if it is empty, add the sample academy."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The sample data needs a sandbox on this machine. See `make run`.")
        call_command("migrate", verbosity=1)
        fill_sample()
        # The last line is what `make run` prints to sign in with.
        self.stdout.write(find_learner().email or "")
