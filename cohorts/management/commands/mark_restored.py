"""`manage.py mark_restored`: stop all writes after point-in-time recovery or a copied disk."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cohorts.services.installation import break_seal


class Command(BaseCommand):
    help = (
        "Stop all writes and messages until staff have said whether this database is the original "
        "or a copy. A restored dump is recognized automatically; recovery to a point in time, a "
        "copied disk and a copied SQLite file are not."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not break_seal():
            raise CommandError("This database was never in use, so there is nothing to ask about.")
        self.stdout.write(
            "Nothing is written or sent until somebody answers “Is this a copy?” in the admin."
        )
