"""One run of the reconciler on one provider, under its lease."""

import logging
import time
from contextlib import closing

from django.conf import settings

from cohorts import clock
from cohorts.reconcile.errors import CallFailed, LeaseLost, Refused
from cohorts.reconcile.provider import Provider, ReadsPart, Replans, providers
from cohorts.reconcile.runs import plan_requests, provider_state, run_log, status
from cohorts.reconcile.runs.planned_work import PlannedWork
from cohorts.reconcile.runs.policy import restrict, restrict_part
from cohorts.reconcile.runs.run_facts import NEVER, RunFacts
from cohorts.reconcile.runs.running_calls import Calls
from cohorts.reconcile.values import Action, Due, IssueCode, Plan, Policy
from cohorts.reconcile.workers import lease
from cohorts.reconcile.workers.nudges import nudge
from cohorts.reconcile.workers.this_worker import is_stopping

logger = logging.getLogger(__name__)

PAUSE = 3.0  # minimum seconds between two observations


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
        self.provider, self.lease = provider, held
        self.spec = provider.spec
        self.log = run_log.RunLog(self.spec.name)
        self.calls = Calls(provider, held, self.log)
        self.facts = RunFacts(provider, plans_only=plans_only)
        self.ends = lease.boot_seconds() + settings.SYNC["run_seconds"]
        self.observed_at = NEVER
        self.read_only = ""  # the issue code that forbids all writes
        self.policy = Policy(frozenset())
        self.planned: dict[int, Due] = {}  # what was due for the last whole plan
        self.work: PlannedWork | None = None  # None: all groups are to be planned

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
        if not self.facts.seconds_left():
            self._read_facts()
        is_new_plan = self.work is None
        work = self.work = self.work or self._plan()
        is_outdated = self.facts.is_outdated
        if is_outdated and not self.calls.in_flight and self._may_start():
            self._observe()
            return True
        if is_new_plan and not is_outdated:
            self._update_statuses(work.plan)
            self.facts.limit(time.monotonic() - began)
        if self._may_start() and not is_outdated:
            self.calls.start(work)
        if self.calls.in_flight:
            self._wait(work)
            return True
        if not is_new_plan:
            self.work = None  # compare all groups before any is reported as finished
            return True
        return self._may_start() and not is_outdated and self.facts.collect_newly_due()

    def _may_start(self) -> bool:
        return not (self.calls.stopped or is_stopping() or lease.boot_seconds() >= self.ends)

    def _observe(self) -> None:
        """Observe, at most every 3 seconds."""
        time.sleep(max(self.observed_at + PAUSE - time.monotonic(), 0))
        self.calls.observe(self.facts.read_to_observe())
        self.log.note_observation(self.calls.finding, self.spec)
        self.observed_at = time.monotonic()
        self.facts.expire()

    def _read_facts(self) -> None:
        """Read the facts and what forbids writes, and answer the plans that were requested."""
        now, name = clock.now(), self.spec.name
        # A plan that is requested later is answered the next time.
        asked = provider_state.open_plans(name).exists()
        fresh = self.facts.read(now, for_plans=asked)
        if not self.facts.is_outdated:  # else someone may undo each call, and no try be the last
            self.calls.forget_tries(fresh)
        self.read_only = provider_state.find_write_ban(name) or self.calls.finding.issue
        self.calls.parked = provider_state.parked_lanes(name)
        self.work = None
        if asked:
            plan_requests.answer_open(self.provider, self.facts.desired, self.calls.finding, now)

    def _plan(self) -> PlannedWork:
        """Compare the groups that are due, or all if the removal guard has something to judge."""
        facts, finding = self.facts, self.calls.finding
        due = facts.due.values()
        self.policy, self.planned = Policy.of(due), dict(facts.due)
        plan = self.provider.plan(facts.desired, finding.observed, self.policy)
        if plan.has_removals and isinstance(self.provider, ReadsPart) and not facts.reads_all:
            facts.read_all()
            plan = self.provider.plan(facts.desired, finding.observed, self.policy)
        plan = restrict(plan, due, finding.orphans, self.read_only)
        self.log.note_left(len(plan.actions))
        return PlannedWork(plan)

    def _replan(self, work: PlannedWork, action: Action) -> bool:
        """Compare the groups that the outcome of an action concerns; return False if that is not
        enough."""
        if not isinstance(self.provider, Replans):
            return False
        desired, finding = self.facts.desired, self.calls.finding
        part = self.provider.replan(work.plan, action, desired, finding.observed, self.policy)
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
            (due, self.provider.review(self.facts.desired, observed, due.group_id, now))
            for due in self.facts.due.values()
            if not remaining.is_open(due)
        ]
        if not finished:
            return
        self.lease.check()  # after a freeze another worker may know better by now
        gained = status.update_access(name, finished, remaining, now=now)
        self.facts.collect(gained, now)
        for took in status.update_statuses(name, finished, remaining, now=now):
            self.log.count_effect(took)
        self.facts.note_finished([due for due, _ in finished])

    def _wait(self, work: PlannedWork) -> None:
        """Wait for results or the next reading of the facts, which a failure may have changed."""
        returned = self.calls.wait(min(self.facts.seconds_left(), settings.SYNC["read_seconds"]))
        if failed := [action for action in returned if action.key in self.calls.failed]:
            self.facts.suspect(action.group_id for action in failed if action.group_id)
        elif not all(self._replan(work, action) for action in returned):
            self.work = None
