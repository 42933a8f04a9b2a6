"""One run of the reconciler on one provider, under its lease."""

import logging
import time
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts import clock
from cohorts.reconcile.errors import CallFailed, LeaseLost, Refused
from cohorts.reconcile.provider import (
    CollectsWork,
    ObservesWithLess,
    Provider,
    ReadsPart,
    Replans,
    providers,
)
from cohorts.reconcile.runs import plan_requests, provider_state, run_log, status
from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.runs.policy import restrict, restrict_part
from cohorts.reconcile.runs.running_calls import Calls
from cohorts.reconcile.values import Action, Due, IssueCode, Plan, Policy
from cohorts.reconcile.workers import lease
from cohorts.reconcile.workers.nudges import nudge
from cohorts.reconcile.workers.this_worker import is_stopping

logger = logging.getLogger(__name__)

PAUSE = 3.0  # minimum seconds between two observations
NEVER = float("-inf")
SHARE = 0.1  # of a run's time, at most, for reading facts and comparing all groups
MOST = 5  # usual pauses between two readings, even if those take a larger share


def run_once(name: str, *, plans_only: bool = False) -> bool:
    """Run on one provider for a limited time. Return whether this process held the lease.

    `plans_only`: observe and answer the requested plans, and leave due work to the workers.
    """
    provider = providers[name]
    if is_stopping() or not provider.spec.is_configured:
        return False
    held = lease.take(name) if provider_state.has_work(name, clock.now()) else None
    if held is None:
        return False
    try:
        Reconciler(provider, held, plans_only=plans_only).run_once()
    finally:
        held.release()
    # Check afterwards: another worker may have failed to acquire the lease for new work meanwhile.
    if provider_state.has_work(name, clock.now()) and not provider_state.is_waiting(name):
        nudge(name)
    return True


class Reconciler:
    def __init__(self, provider: Provider, held: lease.Lease, *, plans_only: bool = False) -> None:
        self.provider, self.lease, self.plans_only = provider, held, plans_only
        self.spec = provider.spec
        self.log = run_log.RunLog(self.spec.name)
        self.calls = Calls(provider, held, self.log)
        self.ends = lease.boot_seconds() + settings.SYNC["run_seconds"]
        self.due: dict[int, Due] = {}
        self.policy = Policy(frozenset())
        self.planned: dict[int, Due] = {}  # what was due for the last whole plan
        self.snapshot: Any = None  # the facts as last read, None: not since the last observation
        self.known: set[tuple[int, int]] = set()  # (due group, generation) whose facts it contains
        self.suspect: set[int] = set()  # groups whose facts a failure may have changed
        self.desired: Any = None
        self.reads_all = False  # also facts of groups that are not due: see provider.ReadsPart
        self.work: PlannedWork | None = None  # None: all groups are to be planned
        self.read_only = ""  # the issue code that forbids all writes
        self.read_at = self.observed_at = NEVER
        self.read_every: float = settings.SYNC["read_seconds"]
        self.is_outdated = False  # a change outside was reported since the observation
        self.changes = 0  # changes outside that were reported before the observation
        self.collected: set[tuple[int, int]] = set()  # (group, generation) whose work is stored
        self.finished: set[tuple[int, int]] = set()  # (group, generation) that this run finished

    def run_once(self) -> None:
        """Observe once; then, until nothing is left or the time is up:

        1. Every second read which groups are due, remembering their generation, and the facts of
           those that changed.
        2. Compare with the observation: a plan for all groups, filtered by the policy. Then update
           the status of groups with nothing left to do.
        3. Start what is ready: one call at a time in each lane, lowest rank first.
        4. Wait for a result, record it, add it to the observation, and plan the groups that it
           concerns again. Before the run ends, and after a failure, 2. follows at once.

        If a change outside is reported meanwhile, wait for the calls in flight and observe again:
        nothing is started or finished from an old observation.
        """
        with closing(self.calls):
            try:
                self.calls.connect()
                self._observe()
                while self._take_step():
                    pass
            except CallFailed as error:
                self.calls.stop(error)
            except LeaseLost as error:
                self.calls.stopped = error
            except Exception as error:
                logger.exception("The sync of %s failed", self.spec.name)
                self.calls.stop(Refused(type(error).__name__, code=IssueCode.BUG))
        self.log.close(self.calls.stopped, self.calls.finding)

    def _take_step(self) -> bool:
        """Carry out steps 1 to 4 once; return False if nothing is left or the time is up."""
        began = time.monotonic()
        self.lease.keep()
        self._read_facts()
        is_whole = self.work is None
        work = self.work = self.work or self._plan()
        if self.is_outdated and not self.calls.in_flight and self._may_start():
            self._observe()
            return True
        if is_whole and not self.is_outdated:
            self._update_statuses(work.plan)
            self._limit_reading(began)
        if self._may_start() and not self.is_outdated:
            self.calls.start(work)
        if self.calls.in_flight:
            self._wait(work)
            return True
        if not is_whole:
            self.work = None  # compare all groups before any is reported as finished
            return True
        return self._has_become_due()

    def _may_start(self) -> bool:
        return not (self.calls.stopped or is_stopping() or lease.boot_seconds() >= self.ends)

    def _observe(self) -> None:
        """Observe, at most every 3 seconds. Changes reported from now on make this out of date."""
        time.sleep(max(self.observed_at + PAUSE - time.monotonic(), 0))
        self.changes = provider_state.count_changes(self.spec.name)
        self.snapshot = None
        self.calls.observe(self._take_snapshot_to_observe(clock.now()))
        self.log.note_observation(self.calls.finding, self.spec)
        self.observed_at, self.read_at = time.monotonic(), NEVER
        self.snapshot = None  # storing what was found has changed records

    def _take_snapshot_to_observe(self, now: datetime) -> Any:
        if isinstance(self.provider, ObservesWithLess):
            return self.provider.snapshot_to_observe(now)
        return self._take_snapshot(now, ())

    def _read_facts(self) -> None:
        if time.monotonic() - self.read_at < self.read_every:
            return
        now, name = clock.now(), self.spec.name
        self.due = self._read_due(now)  # before the facts: see Due.generation
        self.is_outdated = provider_state.count_changes(name) != self.changes
        # A plan that is requested later is answered the next time.
        asked = provider_state.open_plans(name).exists()
        self.snapshot, self.read_at = self._read_changed(now, for_plans=asked), time.monotonic()
        self.read_only = provider_state.find_write_ban(name) or self.calls.finding.issue
        self.calls.parked = provider_state.parked_lanes(name)
        self.desired = self.provider.desired(self.snapshot, now)
        self.work = None
        if asked:
            plan_requests.answer_open(self.provider, self.desired, self.calls.finding, now)

    def _limit_reading(self, began: float) -> None:
        """Read less often than every second if that would take too much of the run's time."""
        wanted, least = (time.monotonic() - began) / SHARE, settings.SYNC["read_seconds"]
        self.read_every = max(least, min(wanted, MOST * least))

    def _read_changed(self, now: datetime, *, for_plans: bool) -> Any:
        """Return the facts, after reading again those of groups that became due or changed.

        `for_plans`: of all groups, since a requested plan may concern any.
        """
        due = {(row.group_id, row.generation) for row in self.due.values()}
        fresh = {group_id for group_id, _ in due - self.known}
        if not self.is_outdated:  # else someone may undo each call, and no try would be the last
            self.calls.forget_tries(fresh)
        changed = fresh | self.suspect
        self.known, self.suspect = due, set()
        if for_plans:
            return self.provider.snapshot(now, self.snapshot, changed)
        return self._take_snapshot(now, self.due.keys(), changed)

    def _take_snapshot(
        self, now: datetime, group_ids: Collection[int], changed: Collection[int] = ()
    ) -> Any:
        """Return the facts of these groups, and of all others unless they are not needed."""
        if isinstance(self.provider, ReadsPart) and not self.reads_all:
            return self.provider.snapshot_part(now, group_ids, self.snapshot, changed)
        return self.provider.snapshot(now, self.snapshot, changed)

    def _read_due(self, now: datetime) -> dict[int, Due]:
        """Return what is due, after storing the work that its facts require: a farewell is sent
        before access ends. Finishing a group can change facts and make it due again."""
        if self.plans_only:
            return {}
        due = provider_state.read_due(self.spec.name, now)
        fresh = {(row.group_id, row.generation) for row in due.values()} - self.collected
        self.collected |= fresh
        if self._collect({group_id for group_id, _ in fresh}, now):
            due = provider_state.read_due(self.spec.name, now)  # new work raises the generation
        return due

    def _collect(self, group_ids: Collection[int], now: datetime) -> int:
        if group_ids and isinstance(self.provider, CollectsWork):
            return self.provider.collect(group_ids, now)
        return 0

    def _plan(self) -> PlannedWork:
        """Compare the groups that are due, or all if the removal guard has something to judge."""
        finding, due = self.calls.finding, self.due.values()
        self.policy, self.planned = Policy.of(due), dict(self.due)
        plan = self.provider.plan(self.desired, finding.observed, self.policy)
        if plan.has_removals and isinstance(self.provider, ReadsPart) and not self.reads_all:
            self._read_all()
            plan = self.provider.plan(self.desired, finding.observed, self.policy)
        plan = restrict(plan, due, finding.orphans, self.read_only)
        self.log.note_left(len(plan.actions))
        return PlannedWork(plan)

    def _read_all(self) -> None:
        """Read the facts of all groups, for the rest of the run: the removal guard judges them."""
        now, self.reads_all = clock.now(), True
        self.snapshot = self.provider.snapshot(now, self.snapshot)
        self.desired = self.provider.desired(self.snapshot, now)

    def _replan(self, work: PlannedWork, action: Action) -> bool:
        """Compare the groups that the outcome of an action concerns; return False if that is not
        enough."""
        if not isinstance(self.provider, Replans):
            return False
        finding = self.calls.finding
        part = self.provider.replan(work.plan, action, self.desired, finding.observed, self.policy)
        if part is None:
            return False
        # Also of groups that were finished since: the removal guard must know which ones it holds.
        due = [self.planned[pk] for pk in part.groups or () if pk in self.planned]
        work.replace(restrict_part(part, work.plan, due, finding.orphans, self.read_only))
        return True

    def _update_statuses(self, plan: Plan) -> None:
        """Update the status of groups for which this run can do nothing more.

        Work that follows from access granted in this run is stored first. It makes its group due
        again, so the group is never reported as finished while a message is pending.
        """
        if self.calls.stopped:
            return
        now, name = clock.now(), self.spec.name
        remaining, observed = self.calls.remaining(plan), self.calls.finding.observed
        finished = [
            (due, self.provider.review(self.desired, observed, due.group_id, now))
            for due in self.due.values()
            if not remaining.is_open(due)
        ]
        if not finished:
            return
        self.lease.check()  # after a freeze another worker may know better by now
        gained = status.update_access(name, finished, remaining, now=now)
        self._collect(gained, now)
        for took in status.update_statuses(name, finished, remaining, now=now):
            self.log.count_effect(took)
        for due, _ in finished:
            self.finished.add((due.group_id, due.generation))
            self.known.discard((due.group_id, due.generation))
            del self.due[due.group_id]

    def _wait(self, work: PlannedWork) -> None:
        """Wait for results or the next reading of the facts, which a failure may have changed."""
        pause = self.read_at + self.read_every - time.monotonic()
        returned = self.calls.wait(min(max(pause, 0), settings.SYNC["read_seconds"]))
        if failed := [action for action in returned if action.key in self.calls.failed]:
            self.read_at = NEVER
            self.suspect |= {action.group_id for action in failed if action.group_id}
        elif not all(self._replan(work, action) for action in returned):
            self.work = None

    def _has_become_due(self) -> bool:
        """Whether finishing a group has made something due, such as the welcome of a group that
        became active. The observation is still valid, so this costs no second one."""
        if not self._may_start() or self.is_outdated:
            return False
        known = self.finished | {(row.group_id, row.generation) for row in self.due.values()}
        finished = {group_id for group_id, _ in self.finished}
        due = self._read_due(clock.now())
        self.read_at = NEVER
        fresh = [row for row in due.values() if (row.group_id, row.generation) not in known]
        # A request needs an observation from after it: people may have joined since.
        return bool(fresh) and all(row.group_id in finished and not row.may_create for row in fresh)
