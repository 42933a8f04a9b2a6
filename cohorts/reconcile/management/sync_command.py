"""What `realize_cohort` and `resync` share: the plan, the request, the waiting."""

import io
import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.reconcile import services
from cohorts.reconcile.management.group_reports import Since, report_groups
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.ui.plan_view import read_plan
from cohorts.reconcile.ui.terminal import ProgressLine, write_groups, write_plan
from cohorts.reconcile.ui.waiting import GaveUp, NoWorker, WaitingProgress, wait_for_answers, watch
from cohorts.reconcile.workers import heartbeats
from cohorts.selectors import find_cohort
from cohorts.validators import read_id
from cohorts.words import count

FAILED, NO_WORKER, INTERRUPTED = 1, 2, 130
NO_ONE_WORKS = (
    "No worker has responded for 90 seconds. Start one with `manage.py worker`. The request is "
    "saved and starts then."
)
# How long to wait for a first heartbeat: a worker may just be starting.
GRACE_SECONDS = 30.0


class PlanningCommand(BaseCommand):
    """Exit status: 0 done, 1 something failed, 2 no worker has reported for 90 seconds."""

    stealth_options = ("grace",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--group",
            type=_group_id,
            nargs="+",
            action="extend",
            metavar="ID",
            default=[],
            help="only these groups",
        )
        parser.add_argument(
            "--plan", action="store_true", help="print what would be done, without doing it"
        )
        parser.add_argument(
            "--wait", action="store_true", help=("wait and show progress until it is done")
        )

        parser.add_argument(
            "--json",
            action="store_true",
            help="wait, and print only what was done for each group, as JSON",
        )

    # -- which groups ------------------------------------------------------------------------

    def find_cohort(self, text: str) -> Cohort:
        try:
            return find_cohort(text)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None

    def find_groups(self, ids: Collection[int]) -> list[Group]:
        groups = list(Group.objects.filter(pk__in=ids).select_related("cohort").order_by("pk"))
        missing = sorted(set(ids) - {group.pk for group in groups})
        if missing:
            raise CommandError(f"There is no group with ID {', '.join(map(str, missing))}.")
        return groups

    # -- plan, request, waiting --------------------------------------------------------------

    def check_options(self, options: dict[str, Any]) -> None:
        if options["plan"] and options["json"]:
            raise CommandError("--plan prints text only: leave out --json.")
        if not configured_providers():
            raise CommandError(
                "Neither Discord nor Google Calendar is configured. Set their variables "
                "(docs/operations.md)."
            )

    def end_waits(self) -> None:
        for name in configured_providers():
            services.end_wait(name)

    def print_plan(self, ids: Collection[int], *, as_if_requested: bool) -> None:
        runs = services.request_plan(ids, as_if_requested=as_if_requested)
        try:
            answered = wait_for_answers(runs)
        except GaveUp as error:
            raise CommandError(str(error)) from None
        for line in write_plan(read_plan(answered)):
            self.stdout.write(line)

    def say(self, line: str, options: dict[str, Any]) -> None:
        """Write a line for people, except with --json."""
        if not options["json"]:
            self.stdout.write(line)

    def finish(self, ids: Collection[int], *, since: Since, options: dict[str, Any]) -> None:
        """Wait if that was requested; else warn if no worker is running."""
        grace = options.get("grace", GRACE_SECONDS)
        if options["json"]:
            self._wait_silently(ids, since, grace)
        elif options["wait"]:
            self._wait(ids, since.action, grace)
        elif not heartbeats.is_worker_alive():
            self.stderr.write(NO_ONE_WORKS)

    def _wait_silently(self, ids: Collection[int], since: Since, grace: float) -> None:
        """Print the reports however the waiting ends; the exit status says how."""
        out, self.stdout = self.stdout, OutputWrapper(io.StringIO())
        try:
            self._wait(ids, since.action, grace)
        finally:
            self.stdout = out
            reports = {"groups": report_groups(ids, since)}
            self.stdout.write(json.dumps(reports, ensure_ascii=False, indent=2))

    def _wait(self, ids: Collection[int], after: int, grace: float) -> None:
        line = ProgressLine(self.stdout)
        progress: WaitingProgress | None = None
        try:
            for progress in watch(ids, after=after, grace=grace):
                line.draw(progress)
        except NoWorker:
            raise CommandError(NO_ONE_WORKS, returncode=NO_WORKER) from None
        except GaveUp as error:
            raise CommandError(
                f"{error} The request is saved and continues once this is resolved."
            ) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped waiting. The workers continue in the background.", returncode=INTERRUPTED
            ) from None
        finally:
            line.clear()
        assert progress is not None
        self._report(progress)

    def _report(self, progress: WaitingProgress) -> None:
        for line in write_groups(progress.groups):
            self.stdout.write(line)
        self.stdout.write(f"{count(progress.done, 'action')} done.")
        if progress.failed:
            raise CommandError(
                f"{len(progress.failed)} of {count(len(progress.groups), 'group')} out of sync.",
                returncode=FAILED,
            )


def _group_id(text: str) -> int:
    if not read_id(text):
        raise ArgumentTypeError(f"“{text}” is not a group ID")
    return read_id(text)
