"""`manage.py import_roster FILE.csv [--dry-run] [--move-meetings]`: import a roster."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.roster.file.columns import COLUMNS
from cohorts.roster.importing import (
    ANY_TERMS,
    RosterRefused,
    import_roster,
    preview_roster,
    preview_terms,
)
from cohorts.roster.roster_plan import RosterPlan


class Command(BaseCommand):
    help = (
        "Import courses, cohorts, groups with their weekly times, people and memberships from a "
        "CSV file with one line per person and group. Reports every invalid line and changes "
        f"nothing if there are any. Columns: {','.join(COLUMNS)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.csv", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would change, without changing it"
        )
        parser.add_argument(
            "--move-meetings",
            action="store_true",
            help="also change the start and the number of meetings of running cohorts: meetings "
            "move or are cancelled, visits end, and everyone affected is notified",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data = _read(options["file"])
        try:
            plan = self._bring_in(data, options)
        except RosterRefused as refused:
            for problem in refused.problems:
                self.stderr.write(str(problem))
            raise CommandError(refused.sentence) from refused
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        if options["verbosity"]:
            self._tell(plan, dry_run=options["dry_run"])

    def _bring_in(self, data: bytes, options: dict[str, Any]) -> RosterPlan:
        if not options["dry_run"]:
            terms = ANY_TERMS if options["move_meetings"] else None
            return import_roster(data, now=clock.now(), terms=terms)
        plan = preview_roster(data)
        if plan.problems:
            raise RosterRefused(plan.problems)
        self._tell_terms(plan)
        return plan

    def _tell_terms(self, plan: RosterPlan) -> None:
        """Print what would change for running cohorts."""
        for term in preview_terms(plan, now=clock.now()):
            self.stdout.write(
                f"{term.name} is running: add --move-meetings to change its meetings.\n"
            )
            for group in term.groups:
                self.stdout.write(f"  {group.summary()}\n")

    def _tell(self, plan: RosterPlan, *, dry_run: bool) -> None:
        for warning in plan.warnings:
            self.stdout.write(f"Please check: {warning}\n")
        for section in plan.sections(clock.now().date()):
            self.stdout.write(f"{section.title}\n")
            for words in section.words:
                self.stdout.write(f"  {words}\n")
        for note in plan.notes:
            self.stdout.write(f"{note}\n")
        self.stdout.write(f"{plan.summary()}.\n")
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.\n")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CommandError(f"{path} does not exist.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
