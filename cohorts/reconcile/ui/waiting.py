"""Waiting, in a command, for the results of workers."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from cohorts import clock
from cohorts.models import Group
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState, SyncAction, SyncRun
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.selectors import (
    GroupView,
    actions_left,
    describe_groups,
    read_context,
)
from cohorts.reconcile.status_text import Level, SyncStatus, describe_issue
from cohorts.reconcile.workers.heartbeats import is_worker_alive

LOOK_SECONDS = 0.5
CALM_LOOKS = 2  # a finished group can have a pending welcome a moment later
ANSWER_SECONDS = 2.0  # for a worker to answer a plan, before this process does
PLAN_SECONDS = 150.0  # longer than a lease, so that of a dead worker has expired
OUTAGE_SECONDS = 300.0


class NoWorker(Exception):
    """No worker has reported for 90 seconds."""


class GaveUp(Exception):
    """Waiting longer is pointless; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class WaitingProgress:
    """The progress at one moment. `news` are actions that went wrong since the previous one."""

    groups: tuple[GroupView, ...]
    done: int
    left: int | None
    news: tuple[SyncAction, ...]
    is_worker_alive: bool

    @property
    def settled(self) -> list[GroupView]:
        return [view for view in self.groups if _is_finished(view)]

    @property
    def failed(self) -> list[GroupView]:
        return [view for view in self.groups if view.worst.level == Level.BAD]


def _is_finished(view: GroupView) -> bool:
    """Whether a worker has processed the last request, and no passing issue is left."""
    rows = [place.row for place in view.places if place.provider.is_configured]
    return all(
        row and row.generation <= row.observed_generation and not find_issue(row.issue).passes
        for row in rows
    )


def watch(group_ids: Collection[int], *, after: int, grace: float) -> Iterator[WaitingProgress]:
    """Yield the progress until every group is finished, and finally the last state.

    `after`: the id of the newest action before the request. `grace`: seconds within which a worker
    must report. Raises NoWorker, GaveUp.
    """
    outage = _Outage()
    newest, calm, seen_at = after, 0, time.monotonic()
    while calm < CALM_LOOKS:
        progress = read_progress(group_ids, after, newest)
        newest = max([newest, *(action.pk for action in progress.news)])
        yield progress
        calm = calm + 1 if len(progress.settled) == len(progress.groups) else 0
        if progress.is_worker_alive:
            seen_at = time.monotonic()
        elif time.monotonic() - seen_at >= grace and not calm:
            raise NoWorker
        outage.check()
        time.sleep(LOOK_SECONDS)


def read_progress(group_ids: Collection[int], after: int, newest: int) -> WaitingProgress:
    """Return the progress now. Actions after `after` count; those after `newest` are news."""
    context = read_context(clock.now())
    groups = (
        Group.objects.filter(pk__in=group_ids).select_related("cohort").order_by("cohort", "pk")
    )
    views = describe_groups(groups, context)
    cohorts = {view.group.cohort_id for view in views}
    actions = SyncAction.objects.filter(pk__gt=after)
    ours = actions.filter(group__in=group_ids) | actions.filter(group=None, cohort__in=cohorts)
    wrong = ours.filter(pk__gt=newest).exclude(outcome=SyncAction.Outcome.DONE)
    return WaitingProgress(
        groups=tuple(views),
        done=ours.filter(outcome=SyncAction.Outcome.DONE).count(),
        left=actions_left(context),
        news=tuple(wrong.order_by("pk")),
        is_worker_alive=context.is_worker_alive,
    )


class _Outage:
    """Ends the waiting when a provider stays unreachable, or when only a person can change that."""

    def __init__(self) -> None:
        self.known = dict(ProviderState.objects.values_list("provider", "failures"))
        self.began: dict[str, float] = {}

    def check(self) -> None:
        for state in ProviderState.objects.filter(provider__in=configured_providers()):
            if not state.issue or state.failures <= self.known.get(state.provider, 0):
                self.began.pop(state.provider, None)
                continue
            began = self.began.setdefault(state.provider, time.monotonic())
            lasting = time.monotonic() - began >= OUTAGE_SECONDS
            if lasting or find_issue(state.issue).needs_person:
                raise GaveUp(format_issue(state))


def format_issue(state: ProviderState) -> str:
    """Return what is wrong with a provider and what to do, in one line."""
    title = configured_providers()[state.provider].title
    return f"{title}: {format_status(describe_issue(state.issue, state.issue_detail))}"


def format_status(status: SyncStatus) -> str:
    words = f"{status.words.rstrip('.')}."
    return " ".join(part for part in (words, status.detail, status.fix) if part)


# -- plans -----------------------------------------------------------------------------------------


def wait_for_answers(runs: Sequence[SyncRun], *, patience: float = PLAN_SECONDS) -> list[SyncRun]:
    """Return the plans once they are answered, by a worker or, if none does so, by this process.

    This process only observes and answers; it leaves due work to workers. `patience` is in seconds.
    Raises GaveUp.
    """
    ids = [run.pk for run in runs]
    began = time.monotonic()
    while True:
        found = list(SyncRun.objects.filter(pk__in=ids).order_by("pk"))
        open_runs = [run for run in found if run.ended_at is None]
        if not open_runs:
            return found
        passed = time.monotonic() - began
        if passed >= ANSWER_SECONDS or not is_worker_alive():
            _answer(open_runs)
        if passed >= patience:
            raise GaveUp("Another worker is syncing and did not respond. Try again.")
        time.sleep(LOOK_SECONDS)


def _answer(runs: Sequence[SyncRun]) -> None:
    for run in runs:
        run_once(run.provider, plans_only=True)
        state = ProviderState.objects.of(run.provider).first()
        still_open = SyncRun.objects.filter(pk=run.pk, ended_at__isnull=True).exists()
        if still_open and state and state.issue and provider_state.is_waiting(run.provider):
            raise GaveUp(format_issue(state))
