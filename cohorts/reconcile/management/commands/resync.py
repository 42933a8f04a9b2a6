"""`manage.py resync`: compare groups with the outside now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from cohorts.models import Group
from cohorts.reconcile import services
from cohorts.reconcile.management.group_reports import Since
from cohorts.reconcile.management.sync_command import PlanningCommand
from cohorts.words import count


class Command(PlanningCommand):
    help = (
        "Compare groups with Discord and Google Calendar now and bring them in sync. Never "
        "creates channels, roles or invitations that no one has requested."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--cohort",
            nargs="+",
            action="extend",
            metavar="ID",
            default=[],
            help="all groups of these cohorts, by ID or name",
        )
        parser.add_argument("--all", action="store_true", help="all groups")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = [group.pk for group in self._choose(options)]
        self.check_options(options)
        if options["plan"]:
            self.print_plan(ids, as_if_requested=False)
            return
        since = Since.now()
        services.create_missing_rows(ids)
        services.request_sync(ids)
        self.end_waits()
        self.say(f"Checking {count(len(ids), 'group')}.", options)
        self.finish(ids, since=since, options=options)

    def _choose(self, options: dict[str, Any]) -> list[Group]:
        """Return the named groups, ended ones too: they may still have objects outside."""
        if not (options["group"] or options["cohort"] or options["all"]):
            raise CommandError("Choose groups with --group ID …, --cohort ID … or --all.")
        if options["all"]:
            chosen = list(Group.objects.order_by("pk"))
        else:
            cohorts = [self.find_cohort(text) for text in options["cohort"]]
            chosen = self.find_groups(options["group"])
            chosen += Group.objects.filter(cohort__in=cohorts).exclude(pk__in=options["group"])
        if not chosen:
            raise CommandError("There are no groups yet.")
        return chosen
