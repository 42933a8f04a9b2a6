"""Integrations, workers and the bot that are silent.  What follows from them is then hidden."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from django.urls import reverse

from cohorts.needs.items import SILENT, Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.status_text import Level
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.reconcile.values import ProviderSpec
from cohorts.reconcile.workers.health_checks import HealthCheck, run_health_checks
from cohorts.reconcile.workers.heartbeats import is_worker_alive

SILENT_FOR = timedelta(minutes=5)
WORKER = "worker"


def read_states(_: OpenCohorts) -> Mapping[str, ProviderState]:
    """Return each provider's state by name.  One query."""
    return {state.provider: state for state in ProviderState.objects.all()}


def find_silent(facts: OpenCohorts) -> Iterator[Need]:
    """Yield one item for all of them.  A worker that is silent explains silent integrations."""
    subjects = tuple(
        list_silent(
            configured_providers(),
            facts.read(read_states),
            run_health_checks(),
            is_worker_alive=is_worker_alive(),
            now=facts.now,
        )
    )
    if subjects:
        yield Need(
            SILENT,
            None,
            f"{subjects[0].name} is silent"
            if len(subjects) == 1
            else f"{len(subjects)} are silent",
            subjects,
            (NeedButton("Connection check", reverse("sync:check"), (PERMISSION,)),),
        )


def list_silent(
    providers: Mapping[str, ProviderSpec],
    states: Mapping[str, ProviderState],
    checks: Iterable[HealthCheck],
    *,
    is_worker_alive: bool,
    now: datetime,
) -> Iterator[NeedSubject]:
    """Yield what is silent: no worker for 90 s, an integration for 5 minutes, a bot.  Pure.

    Nothing is known of integrations while no worker asks them.
    """
    if not is_worker_alive:
        note = "no worker has responded for 90 seconds, so nothing is carried out or sent"
        yield NeedSubject(WORKER, "Worker", note)
    for name, spec in providers.items() if is_worker_alive else ():
        state = states.get(name)
        if state and state.issue and state.health_since < now - SILENT_FOR:
            sentence = find_issue(state.issue).sentence
            yield NeedSubject(name, spec.title, f"{sentence} Since", state.health_since)
    for check in checks:
        if check.status.level > Level.FINE:
            yield NeedSubject(check.title, check.title, check.status.words)
