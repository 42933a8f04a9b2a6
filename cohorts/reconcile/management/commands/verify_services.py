"""Try the assumptions of docs/assumptions.md on the real services."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cohorts.reconcile.errors import CallFailed, LeaseLost
from cohorts.reconcile.models import ScratchObject
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.verify import verifying
from cohorts.reconcile.verify.bench import MOST_CALLS, Bench, Operator, WritesForbidden
from cohorts.reconcile.verify.experiments import verifications
from cohorts.reconcile.verify.verifying import Judged, ServiceBusy

STEPS = {
    "": verifying.run_experiments,
    "start": verifying.start_slow,
    "read": verifying.read_slow,
}


class Command(BaseCommand):
    help = (
        "Try the assumptions of docs/assumptions.md on scratch objects in the configured server "
        f"and calendar, which are removed again. At most {MOST_CALLS} calls to each service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=list(verifications), help="this service only")
        parser.add_argument(
            "--address",
            action="append",
            default=[],
            help="your own address, to try invitations without an e-mail; give a second one to be "
            "asked whether to try e-mails too",
        )
        parser.add_argument(
            "--slow",
            choices=["start", "read"],
            default="",
            help="start what takes hours or days to observe, or read what was started",
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=120,
            metavar="SECONDS",
            help="how long to wait for a worker that is using the service (120)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = [name for name in verifications if name in configured_providers()]
        if options["only"]:
            names = [name for name in names if name == options["only"]]
        if not names:
            raise CommandError("The service is not configured.")
        failed = [name for name in names if not self._verify(name, options)]
        if failed:
            raise CommandError(f"Not finished: {', '.join(failed)}. Run the command again.")

    def _verify(self, name: str, options: dict[str, Any]) -> bool:
        """Verify one service and return whether it was finished and left nothing."""
        spec = configured_providers()[name]
        self.stdout.write(f"{spec.title} ({spec.scope})")
        operator = Operator(tuple(options["address"]), self._ask)
        try:
            with verifying.open_bench(name, operator, wait_seconds=options["wait"]) as bench:
                for line in self._lines(bench, STEPS[options["slow"]](bench)):
                    self.stdout.write(line)
                if not options["slow"]:
                    self._print_untried(bench)
        except (CallFailed, LeaseLost, ServiceBusy, WritesForbidden) as error:
            self.stdout.write(f"  stopped: {error}")
            return False
        return not bench.made

    def _lines(self, bench: Bench, results: Iterator[Judged]) -> Iterator[str]:
        for judged in results:
            probe, judgement = judged.probe, judged.judgement
            found = f" Found: {judgement.value}." if judgement.value else ""
            detail = f" {judgement.detail}" if judgement.detail else ""
            yield (
                f"  {judgement.verdict:<9}  {probe.assumption:<4} {probe.name}: {probe.states}"
                f"{found}{detail}"
            )
        yield f"  {bench.budget.used} calls."
        left = ScratchObject.objects.filter(provider=bench.verification.name, run=bench.run)
        if names := [str(one) for one in left.filter(keeper="")]:
            yield f"  Could not be removed; the next run tries again: {', '.join(names)}."

    def _print_untried(self, bench: Bench) -> None:
        for reason, numbers in bench.verification.untried.items():
            self.stdout.write(f"  not tried  {', '.join(numbers)}: {reason}")

    def _ask(self, question: str) -> str:
        self.stdout.write(question, ending="")
        self.stdout.flush()
        return sys.stdin.readline()
