"""Run a provider's experiments under its lease, so that no worker syncs it meanwhile."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from cohorts import clock
from cohorts.reconcile.errors import LeaseLost
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import VerificationResult
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.verify.bench import Bench, CallBudget, Operator, WritesForbidden
from cohorts.reconcile.verify.experiments import (
    Answers,
    Experiment,
    Judgement,
    NotTried,
    Probe,
    ProbeVerdict,
    SlowExperiment,
    verifications,
)
from cohorts.reconcile.workers import lease

PAUSE = 0.5  # seconds between two attempts to acquire the lease


class ServiceBusy(Exception):
    """The provider's lease could not be acquired."""


@dataclass(frozen=True, slots=True)
class Judged:
    probe: Probe
    judgement: Judgement


@contextmanager
def open_bench(name: str, operator: Operator, *, wait_seconds: float) -> Iterator[Bench]:
    """Yield a bench under the provider's lease, after removing what a killed run left.

    Raises ServiceBusy, WritesForbidden, and CallFailed if the service cannot be reached.
    """
    verification = verifications[name]
    held = _take_lease(name, wait_seconds)
    try:
        if ban := provider_state.find_write_ban(name):
            raise WritesForbidden(find_issue(ban).sentence)
        budget = CallBudget(held)
        with asyncio.Runner() as runner:
            connection = AsyncExitStack()
            client = runner.run(connection.enter_async_context(verification.connect(budget.check)))
            scope, run = provider_specs()[name].scope, secrets.token_hex(4)
            bench = Bench(verification, scope, run, client, budget, runner, operator)
            try:
                bench.remove_left()
                yield bench
            finally:
                with suppress(LeaseLost, WritesForbidden):  # then the next run removes it
                    bench.remove_made()
                runner.run(connection.aclose())
    finally:
        held.release()


def run_experiments(bench: Bench) -> Iterator[Judged]:
    """Run each experiment, store and yield its probes' judgements, and remove what it made.

    In this order, since a person's answer may take longer than the lease, without which nothing can
    be removed: the next run does that, but does not ask again.
    """
    for experiment in bench.verification.experiments:
        answers, reason = _act(bench, experiment)
        for probe in experiment.probes:
            judgement = _try_to_judge(probe, answers, reason)
            _store(bench, probe, judgement, clock.now())
            yield Judged(probe, judgement)
        bench.remove_made()


def start_slow(bench: Bench) -> Iterator[Judged]:
    """Start the slow experiments that are not waiting to be read."""
    waiting = {row.name for row in _waiting(bench)}
    for slow in bench.verification.slow:
        if slow.name not in waiting:
            yield _start(bench, slow)


def read_slow(bench: Bench) -> Iterator[Judged]:
    """Read the slow experiments that were started; remove what those that are over have kept."""
    started = {row.name: row for row in _waiting(bench)}
    for slow in bench.verification.slow:
        if row := started.get(slow.name):
            yield _read(bench, slow, row)


def _start(bench: Bench, slow: SlowExperiment) -> Judged:
    now = clock.now()
    try:
        kept = slow.act(bench)
    except bench.failures as error:
        judgement = Judgement(ProbeVerdict.NOT_TRIED, detail=_explain(error))
        bench.remove_made()
        _store(bench, slow.probe, judgement, now)
        return Judged(slow.probe, judgement)
    judgement = Judgement(ProbeVerdict.WAITING, detail="Read it later with --slow read.")
    with transaction.atomic():
        _store(bench, slow.probe, judgement, now, kept)
        bench.keep_for(slow.name)
    return Judged(slow.probe, judgement)


def _read(bench: Bench, slow: SlowExperiment, row: VerificationResult) -> Judged:
    now = clock.now()
    try:
        judgement = _judge(slow.probe, slow.read(bench, row.data, now - row.at))
    except bench.failures as error:
        judgement = Judgement(ProbeVerdict.WAITING, detail=_explain(error))
    bench.remove_made()
    if judgement.verdict != ProbeVerdict.WAITING:
        bench.remove_left(keeper=slow.name)
        _store(bench, slow.probe, judgement, now)
    return Judged(slow.probe, judgement)


def _waiting(bench: Bench) -> Iterator[VerificationResult]:
    return _results(bench).filter(verdict=ProbeVerdict.WAITING).iterator()


def _results(bench: Bench) -> QuerySet[VerificationResult]:
    return VerificationResult.objects.filter(provider=bench.verification.name, scope=bench.scope)


def _act(bench: Bench, experiment: Experiment) -> tuple[Answers, str]:
    """Return the answers of an experiment, or the reason why there are none."""
    try:
        return experiment.act(bench), ""
    except bench.failures as error:
        return {}, _explain(error)


def _try_to_judge(probe: Probe, answers: Answers, reason: str) -> Judgement:
    if reason:
        return Judgement(ProbeVerdict.NOT_TRIED, detail=reason)
    try:
        return _judge(probe, answers)
    except NotTried as error:
        return Judgement(ProbeVerdict.NOT_TRIED, detail=str(error))


def _judge(probe: Probe, answers: Answers) -> Judgement:
    """Return the judgement, for a refuted assumption with what Lens then does.  Raises NotTried."""
    judgement = probe.judge(answers)
    if judgement.verdict == ProbeVerdict.REFUTED and not judgement.detail:
        return Judgement(judgement.verdict, judgement.value, probe.otherwise)
    return judgement


def _store(
    bench: Bench, probe: Probe, judgement: Judgement, now: datetime, data: Answers | None = None
) -> None:
    """Store a result. One that was not tried replaces none that was."""
    tried = _results(bench).filter(name=probe.name).exclude(verdict=ProbeVerdict.NOT_TRIED)
    if judgement.verdict == ProbeVerdict.NOT_TRIED and tried.exists():
        return
    VerificationResult.objects.update_or_create(
        provider=bench.verification.name,
        scope=bench.scope,
        name=probe.name,
        defaults={
            "assumption": probe.assumption,
            "verdict": judgement.verdict,
            "value": judgement.value[:100],
            "detail": judgement.detail[:500],
            "data": dict(data or {}),
            "at": now,
        },
    )


def _explain(error: Exception) -> str:
    """Return the reason as a sentence, with what the service answered."""
    if isinstance(error, NotTried):
        return str(error)
    detail = str(error).strip().rstrip(".")
    return f"The service answered: {detail or type(error).__name__}."


def _take_lease(name: str, wait_seconds: float) -> lease.Lease:
    ends = time.monotonic() + wait_seconds
    while (held := lease.take(name)) is None:
        if time.monotonic() >= ends:
            raise ServiceBusy("A worker is using it, or it cannot be reached. Try again later.")
        time.sleep(PAUSE)
    return held
