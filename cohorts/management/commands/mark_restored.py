"""`manage.py mark_restored`: stop all writes after point-in-time recovery or a copied disk."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cohorts.services.installation import break_seal


class Command(BaseCommand):
    help = (
        "Stop all changes and messages until staff confirm whether this database is the original "
        "or a copy. A restored dump is recognized automatically; point-in-time recovery, a "
        "copied disk and a copied SQLite file are not."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not break_seal():
            raise CommandError("This database has never been used, so there is nothing to confirm.")
        self.stdout.write(
            "Nothing is changed or sent until staff answer “Is this a copy?” in the admin."
        )
