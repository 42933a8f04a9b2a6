"""One run of the reconciler on one provider, under its lease."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts import clock
from cohorts.reconcile.errors import CallFailed, LeaseLost, Refused
from cohorts.reconcile.provider import CollectsWork, Provider, providers
from cohorts.reconcile.runs import plan_requests, provider_state, run_log, status
from cohorts.reconcile.runs.policy import restrict
from cohorts.reconcile.runs.running_calls import Calls
from cohorts.reconcile.values import Due, IssueCode, Plan, Policy
from cohorts.reconcile.workers import lease
from cohorts.reconcile.workers.nudges import nudge
from cohorts.reconcile.workers.this_worker import is_stopping

logger = logging.getLogger(__name__)

PAUSE = 3.0  # minimum seconds between two observations
NEVER = float("-inf")


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
        self.desired: Any = None
        self.read_only = ""  # the issue code that forbids all writes
        self.read_at = self.observed_at = NEVER
        self.is_outdated = False  # a change outside was reported since the observation
        self.changes = 0  # changes outside that were reported before the observation
        self.collected: set[tuple[int, int]] = set()  # (group, generation) whose work is stored
        self.finished: set[tuple[int, int]] = set()  # (group, generation) that this run finished

    def run_once(self) -> None:
        """Observe once; then, until nothing is left or the time is up:

        1. Every second read which groups are due, remembering their generation, and the facts.
        2. Compare with the observation: a plan, filtered by the policy.
        3. Update the status of groups with nothing left to do.
        4. Start what is ready: one call at a time in each lane, lowest rank first.
        5. Wait for a result, record it, and add it to the observation.

        If a change outside is reported meanwhile, wait for the calls in flight and observe again:
        nothing is started or finished from an old observation.
        """
        with closing(self.calls):
            try:
                self.calls.connect()
                self._observe()
                while True:
                    self.lease.keep()
                    self._read_facts()
                    plan = self._plan()
                    if self.is_outdated and not self.calls.in_flight and self._may_start():
                        self._observe()
                        continue
                    if not self.is_outdated:
                        self._update_statuses(plan)
                        if self._may_start():
                            self.calls.start(plan)
                    if self.calls.in_flight:
                        self._wait()
                    elif not self._has_become_due():
                        break
            except CallFailed as error:
                self.calls.stop(error)
            except LeaseLost as error:
                self.calls.stopped = error
            except Exception as error:
                logger.exception("The sync of %s failed", self.spec.name)
                self.calls.stop(Refused(type(error).__name__, code=IssueCode.BUG))
        self.log.close(self.calls.stopped, self.calls.finding)

    def _may_start(self) -> bool:
        return not (self.calls.stopped or is_stopping() or lease.boot_seconds() >= self.ends)

    def _observe(self) -> None:
        """Observe, at most every 3 seconds. Changes reported from now on make this out of date."""
        time.sleep(max(self.observed_at + PAUSE - time.monotonic(), 0))
        self.changes = provider_state.count_changes(self.spec.name)
        self.calls.observe(self.provider.snapshot(clock.now()))
        self.log.note_observation(self.calls.finding, self.spec)
        self.observed_at, self.read_at = time.monotonic(), NEVER

    def _read_facts(self) -> None:
        if time.monotonic() - self.read_at < settings.SYNC["read_seconds"]:
            return
        now, name = clock.now(), self.spec.name
        self.due = self._read_due(now)  # before the facts: see Due.generation
        self.is_outdated = provider_state.count_changes(name) != self.changes
        snapshot, self.read_at = self.provider.snapshot(now), time.monotonic()
        self.read_only = provider_state.find_write_ban(name) or self.calls.finding.issue
        self.calls.parked = provider_state.parked_lanes(name)
        self.desired = self.provider.desired(snapshot, now)
        plan_requests.answer_open(self.provider, self.desired, self.calls.finding, now)

    def _read_due(self, now: datetime) -> dict[int, Due]:
        """Return what is due, after storing the work that its facts require: a farewell is sent
        before access ends. Finishing a group can change facts and make it due again."""
        if self.plans_only:
            return {}
        due = status.read_due(self.spec.name, now)
        fresh = {(row.group_id, row.generation) for row in due.values()} - self.collected
        self.collected |= fresh
        if self._collect({group_id for group_id, _ in fresh}, now):
            due = status.read_due(self.spec.name, now)  # new work raises the generation
        return due

    def _collect(self, group_ids: Collection[int], now: datetime) -> int:
        if group_ids and isinstance(self.provider, CollectsWork):
            return self.provider.collect(group_ids, now)
        return 0

    def _plan(self) -> Plan:
        finding, due = self.calls.finding, self.due.values()
        plan = self.provider.plan(self.desired, finding.observed, Policy.of(due))
        plan = restrict(plan, due, finding.orphans, self.read_only)
        self.log.note_left(len(plan.actions))
        return plan

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
        gained = [
            due.group_id
            for due, review in finished
            if status.update_access(name, due, review, remaining, now=now)
        ]
        self._collect(gained, now)
        for due, review in finished:
            took = status.update_status(name, due, review, remaining, now=now)
            if took is not None:
                self.log.count_effect(took)
            self.finished.add((due.group_id, due.generation))
            del self.due[due.group_id]

    def _wait(self) -> None:
        """Wait for a result or the next reading of the facts, which a failure may have changed."""
        pause = self.read_at + settings.SYNC["read_seconds"] - time.monotonic()
        if self.calls.wait(max(pause, 0)):
            self.read_at = NEVER

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
