"""`manage.py realize_cohort`: request the infrastructure of a cohort's groups."""

from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from cohorts import clock
from cohorts.models import Cohort, Group
from cohorts.reconcile import services
from cohorts.reconcile.management.group_reports import Since
from cohorts.reconcile.management.sync_command import PlanningCommand
from cohorts.words import count


class Command(PlanningCommand):
    help = (
        "Realize a cohort: create the channels, roles, events and invitations of its groups. The "
        "workers carry it out, and the request stays until it is complete."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cohort", metavar="COHORT", help="a cohort's ID or name")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = self.find_cohort(options["cohort"])
        groups = self._choose(cohort, options["group"])
        ids = [group.pk for group in groups]
        self.check_options(options)
        if options["plan"]:
            self.print_plan(ids, as_if_requested=True)
            return
        since = Since.now()
        services.request_realize(ids, by=None, now=clock.now())
        self.end_waits()
        progress = f"{settings.SITE_URL}{reverse('sync:progress', args=[cohort.pk])}"
        self.say(f"Realizing {count(len(ids), 'group')} of {cohort}. Progress: {progress}", options)
        self.finish(ids, since=since, options=options)

    def _choose(self, cohort: Cohort, ids: Collection[int]) -> list[Group]:
        if cohort.status != Cohort.Status.OPEN:
            raise CommandError(f"{cohort} is {cohort.get_status_display().lower()}.")
        chosen = self.find_groups(ids) if ids else list(cohort.groups.order_by("pk"))
        self._check_belong(cohort, chosen)
        live = [group for group in chosen if not group.has_ended]
        if not live:
            raise CommandError(
                "All of these groups have ended." if chosen else f"{cohort} has no groups yet."
            )
        return live

    def _check_belong(self, cohort: Cohort, chosen: Collection[Group]) -> None:
        strange = [group for group in chosen if group.cohort_id != cohort.pk]
        if strange:
            own = ", ".join(f"{group.pk} ({group})" for group in cohort.groups.order_by("pk"))
            raise CommandError(
                f"{strange[0]} (id {strange[0].pk}) belongs to {strange[0].cohort}, not to "
                f"{cohort}, whose groups are {own or 'none yet'}."
            )
