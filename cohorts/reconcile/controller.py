"""One run of the reconciler on one provider.

Acquire the lease; observe once; then, until nothing is left or the time is up:

1. Every second read which groups are due, remembering their generation, and the facts.
2. Compare with the current observation: a plan, filtered by guard and policy.
3. Start what is ready: one call at a time in each lane, lowest rank first.
4. Record the results, absorb them into the observation, compare again.
5. Update the status of groups with nothing left to do: access and the messages that follow from it,
   then `observed_generation`, `next_at`, issue, readiness.

If a change outside is reported while calls are in flight, wait for them, observe again, and
continue.

The ORM is used between two steps of the event loop, never inside a coroutine. No transaction spans
a call. The lease is released before the final check for due work, so that work for which another
worker failed to acquire the lease is not left until the next sweep.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts import clock
from cohorts.reconcile import status
from cohorts.reconcile.errors import (
    CallFailed,
    Conflict,
    LeaseLost,
    Outage,
    RateLimited,
    Refused,
    Unclear,
)
from cohorts.reconcile.models import SyncAction
from cohorts.reconcile.policy import REMOVALS_HELD, hold_all, hold_orphaned, hold_removals
from cohorts.reconcile.provider import CollectsWork, Provider, providers
from cohorts.reconcile.runs import plan_requests, run_log
from cohorts.reconcile.values import Action, Finding, Outcome, Plan, Policy, Review
from cohorts.reconcile.workers import lease
from cohorts.reconcile.workers.nudges import nudge
from cohorts.reconcile.workers.this_worker import is_stopping

logger = logging.getLogger(__name__)

MOMENT = 2.0  # seconds
LOOK_AGAIN = 3.0  # minimum seconds between two observations
OUTAGE = 3  # unclear answers in a row: then the service fails, not a single step
TRIES = 3  # of one step in one run, which could otherwise loop forever


@dataclass
class PendingCall:
    """One action in flight."""

    action: Action
    task: asyncio.Task[Outcome]
    began: float


@dataclass
class View:
    """What is kept between two reads of the facts."""

    due: dict[int, status.Due] = field(default_factory=dict)
    snapshot: Any = None
    desired: Any = None
    plan: Plan = field(default_factory=Plan)
    looked_at: float = float("-inf")


def run_once(name: str, *, plans_only: bool = False) -> bool:
    """Run on one provider for a limited time. Return whether this process held the lease.

    `plans_only`: observe and answer the requested plans, and leave due work to the workers.
    """
    provider = providers[name]
    if is_stopping() or not provider.spec.is_configured or not run_log.has_work(name, clock.now()):
        return False
    held = lease.take(name)
    if held is None:
        return False
    try:
        _Slice(provider, held, plans_only=plans_only).run()
    finally:
        held.release()
    if run_log.has_work(name, clock.now()) and not run_log.is_waiting(name):
        nudge(name)
    return True


class _Slice:
    def __init__(self, provider: Provider, held: lease.Lease, *, plans_only: bool = False) -> None:
        self.provider = provider
        self.spec = provider.spec
        self.name = self.spec.name
        self.plans_only = plans_only
        self.lease = held
        self.loop = asyncio.new_event_loop()
        self.ends = lease.boot_seconds() + settings.SYNC["run_seconds"]
        self.book = run_log.RunLog(self.name)
        self.view = View()
        self.client: Any = None
        self.finding: Finding = Finding(observed=None)
        self.calls: dict[str, PendingCall] = {}  # by lane
        self.failed: dict[str, CallFailed] = {}  # by the action's key, for this run
        self.stopped: CallFailed | LeaseLost | None = None
        self.gave_way: dict[str, float] = {}  # by the action's key: since when
        self.tries: Counter[str] = Counter()  # by the action's key
        self.unclear = 0  # answers in a row
        self.changes = 0  # changes outside that were reported before the observation
        self.outdated = False
        self.observed_at = float("-inf")
        self.collected: set[tuple[int, int]] = (
            set()
        )  # (group, generation) whose messages are stored
        self.settled: set[tuple[int, int]] = set()  # (group, generation) that this run has finished

    # -- the run -----------------------------------------------------------------------------

    def run(self) -> None:
        with self._loop():
            try:
                self._begin()
                self._work()
            except CallFailed as error:
                self._stop(error)
            except LeaseLost as error:
                self.stopped = error
            except Exception as error:
                logger.exception("The sync of %s failed", self.name)
                self._stop(Refused(type(error).__name__, code="bug"))
            finally:
                self._drain()
                self._close_client()
        self._end()

    @contextmanager
    def _loop(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()

    def _begin(self) -> None:
        """Read the facts, connect and observe: once, unless a change outside is reported."""
        self.view.snapshot = self.provider.snapshot(clock.now())
        self.connection = self.provider.connect(self.lease.check)
        self.client = self.loop.run_until_complete(self._within(self.connection.__aenter__()))
        self._observe()

    def _observe(self) -> None:
        """Read the actual state. Changes reported from now on make it out of date."""
        self.changes = run_log.count_changes(self.name)
        looking = self.provider.observe(self.client, self.view.snapshot)
        self.finding = self.loop.run_until_complete(self._within(looking))
        self.provider.store(self.finding)
        every = self.spec.poll_every
        self.book.heard(clock.now() + every if every else None, self.spec.scope)
        self.book.note_orphans(self.finding.orphans)
        self.observed_at = time.monotonic()

    def _work(self) -> None:
        while True:
            self.lease.keep()
            self._look()
            if self.outdated and not self.calls and self._may_start():
                self._look_again()
                continue
            if not self.outdated:
                self._settle()
                if self._may_start():
                    self._start()
            if self.calls:
                self._wait()
            elif not self._has_become_due():
                return

    def _has_become_due(self) -> bool:
        """Whether finishing a group has made something due, such as the welcome of a group that
        became active. The observation is still valid, so this costs no second one."""
        if not self._may_start() or self.outdated:
            return False
        known = self.settled | {(row.group_id, row.generation) for row in self.view.due.values()}
        finished = {group_id for group_id, _ in self.settled}
        due = self._read_due(clock.now())
        self.view.looked_at = float("-inf")
        fresh = [row for row in due.values() if (row.group_id, row.generation) not in known]
        # A request needs an observation from after it: people may have joined since.
        return bool(fresh) and all(row.group_id in finished and not row.may_create for row in fresh)

    def _look_again(self) -> None:
        """Observe again, because a change outside was reported: nothing is started or finished from
        an old observation. Many changes in a row cause one observation."""
        pause = self.observed_at + LOOK_AGAIN - time.monotonic()
        self.loop.run_until_complete(asyncio.sleep(max(pause, 0)))
        self.view.snapshot = self.provider.snapshot(clock.now())
        self._observe()
        self.view.looked_at = float("-inf")

    def _may_start(self) -> bool:
        return not (self.stopped or is_stopping() or lease.boot_seconds() >= self.ends)

    def _end(self) -> None:
        if self.stopped is None:
            orphans = self.finding.orphans
            trouble = self.finding.trouble or ("strangers" if orphans.are_many else "")
            self.book.served(trouble, self.finding.detail or orphans.detail)
        elif isinstance(self.stopped, CallFailed):
            self.book.failed(self.stopped)
        self.book.close()

    # -- facts and plan ----------------------------------------------------------------------

    def _look(self) -> None:
        """Read what is due and its facts every second; compare after every result."""
        view, now = self.view, clock.now()
        if time.monotonic() - view.looked_at >= settings.SYNC["read_seconds"]:
            view.due = self._read_due(now)  # before the facts: see Due.generation
            self.outdated = run_log.count_changes(self.name) != self.changes
            view.snapshot = self.provider.snapshot(now)
            view.looked_at = time.monotonic()
            self.read_only = run_log.read_only(self.name) or self.finding.trouble
            self.parked = run_log.parked_lanes(self.name)
            view.desired = self.provider.desired(view.snapshot, now)
            plan_requests.answer_open(self.provider, view.desired, self.finding, now)
        view.plan = self._compare()
        self.book.note_left(len(view.plan.actions))

    def _read_due(self, now: datetime) -> dict[int, status.Due]:
        """Return what is due, after storing the messages that its facts require: a farewell is
        tried before access ends. Finishing a group can change facts and make it due again."""
        if self.plans_only:
            return {}
        due = status.read_due(self.name, now)
        fresh = {(row.group_id, row.generation) for row in due.values()} - self.collected
        self.collected |= fresh
        if fresh and self._collect_work([pk for pk, _ in fresh], now):
            due = status.read_due(self.name, now)  # each new message raises the generation
        return due

    def _collect_work(self, group_ids: list[int], now: datetime) -> int:
        if not isinstance(self.provider, CollectsWork):
            return 0
        return self.provider.collect(group_ids, now)

    def _compare(self) -> Plan:
        view = self.view
        policy = Policy(
            groups=frozenset(view.due),
            may_create=frozenset(pk for pk, due in view.due.items() if due.may_create),
        )
        plan = self.provider.plan(view.desired, self.finding.observed, policy)
        if self.read_only:
            return hold_all(plan, self.read_only)
        due = view.due.values()
        cohorts = {row.group_id: row.cohort_id for row in due}
        plan = hold_orphaned(plan, self.finding.orphans, cohorts)
        waiting = {row.group_id for row in due if row.trouble == REMOVALS_HELD}
        return hold_removals(plan, run_log.approved_removals(view.due), waiting)

    # -- calls -------------------------------------------------------------------------------

    def _start(self) -> None:
        """Start the first ready action in each idle lane."""
        busy = {call.action.key for call in self.calls.values()}
        waiting = {a.key for a in self.view.plan.actions}
        waiting |= {w.action.key for w in self.view.plan.withheld}
        stuck = status.Remaining.of(self.view.plan, self.failed, self.parked).stuck
        for action in sorted(self.view.plan.actions, key=lambda a: a.rank):
            if action.kind in self.calls or action.kind in self.parked:
                continue
            if action.key in busy or action.key in self.failed or action.needs & waiting:
                continue
            if action.behind & waiting - stuck:
                continue
            if not self._gives_way(action):
                self._begin_call(action)

    def _gives_way(self, action: Action) -> bool:
        """Whether the action still waits for others, for a moment at most: access never waits for a
        message that fails, hangs or is parked."""
        others = [a for a in self.view.plan.actions if a.key in action.after]
        if all(a.key in self.failed or a.kind in self.parked for a in others):
            return False
        since = self.gave_way.setdefault(action.key, time.monotonic())
        return time.monotonic() - since < MOMENT

    def _begin_call(self, action: Action) -> None:
        self.lease.check()
        self.provider.intend(action)
        call = self._within(self.provider.apply(self.client, action))
        self.calls[action.kind] = PendingCall(action, self.loop.create_task(call), time.monotonic())

    async def _within(self, call: Any) -> Any:
        """Await a call, but no longer than the lease allows."""
        try:
            async with asyncio.timeout(settings.SYNC["call_seconds"]):
                return await call
        except TimeoutError:
            raise Unclear("No response within the time limit.") from None

    def _wait(self) -> None:
        """Run the loop until a call returns or the facts have to be read again."""
        pause = self.view.looked_at + settings.SYNC["read_seconds"] - time.monotonic()
        tasks = [call.task for call in self.calls.values()]
        self.loop.run_until_complete(
            asyncio.wait(tasks, timeout=max(pause, 0), return_when=asyncio.FIRST_COMPLETED)
        )
        self._collect()

    def _collect(self) -> None:
        for lane, call in list(self.calls.items()):
            if call.task.done():
                del self.calls[lane]
                self._take_back(call)

    def _take_back(self, call: PendingCall) -> None:
        """Record one result, even if the lease was lost: what was created is ours."""
        error, key = call.task.exception(), call.action.key
        self.tries[key] += 1
        if error is None:
            self.unclear = 0
            outcome = call.task.result()
            self._record(call.action, outcome)
            said = SyncAction.Outcome.DONE if outcome.done else SyncAction.Outcome.UNKNOWN
            self._write(call, said, outcome.note)
            if self.tries[key] >= TRIES:
                self.failed[key] = _tried_in_vain(key, outcome)
            return
        self._take_error(call, error)

    def _record(self, action: Action, result: Outcome | CallFailed) -> None:
        observed = self.provider.record(action, result, self.finding.observed)
        self.finding = replace(self.finding, observed=observed, to_store=None)

    def _take_error(self, call: PendingCall, error: BaseException) -> None:
        if isinstance(error, CallFailed):
            self._record(call.action, error)
        match error:
            case RateLimited():
                self.book.park(call.action.kind, error.after)
                self.parked = run_log.parked_lanes(self.name)
                return  # nothing happened, and nothing failed
            case Unclear() if call.action.alone:  # a message must not delay access
                self._write(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self.failed[call.action.key] = error
            case Unclear() | Conflict() if call.action.repeatable:
                self._write(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self._take_unclear(call.action, error)
            case Unclear() | Conflict():
                self._write(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self._stop(error)
            case Outage():
                self._write(call, SyncAction.Outcome.FAILED, error.detail)
                self._stop(error)
            case CallFailed():
                self._write(call, SyncAction.Outcome.FAILED, error.detail)
                self.failed[call.action.key] = error
                self.view.looked_at = float("-inf")  # `record` may have changed facts
            case LeaseLost():
                self.stopped = error
            case _:
                logger.error("A call of %s failed", self.name, exc_info=error)
                bug = Refused(f"{type(error).__name__}", code="bug")
                self._write(call, SyncAction.Outcome.FAILED, bug.detail)
                self.failed[call.action.key] = bug

    def _take_unclear(self, action: Action, error: CallFailed) -> None:
        """Allow one retry; then fail only this action, so that a step on which the service always
        fails (the old group's) does not block others (the new group's)."""
        self.unclear += 1
        if self.unclear >= OUTAGE:
            self._stop(error)
        elif isinstance(error, Conflict) or self.tries[action.key] > 1:
            self.failed[action.key] = error

    def _stop(self, error: CallFailed) -> None:
        if self.stopped is None:
            self.stopped = error

    def _write(self, call: PendingCall, outcome: SyncAction.Outcome, said: str) -> None:
        self.book.write(call.action, outcome, said, time.monotonic() - call.began)

    def _drain(self) -> None:
        """Wait for the calls in flight: their answers show what was created."""
        while self.calls:
            tasks = [call.task for call in self.calls.values()]
            self.loop.run_until_complete(asyncio.wait(tasks))
            self._collect()

    def _close_client(self) -> None:
        if self.client is not None:
            try:
                self.loop.run_until_complete(self.connection.__aexit__(None, None, None))
            except Exception:
                logger.warning("Closing the connection to %s failed", self.name)

    # -- status ------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Update the status of groups for which this run can do nothing more.

        Messages that follow from access granted in this run are recorded first. Each makes its
        group due again, so the group is never reported as finished while one is pending.
        """
        if self.stopped:
            return
        now = clock.now()
        rest = status.Remaining.of(self.view.plan, self.failed, self.parked)
        finished = [due for due in self.view.due.values() if not rest.is_open(due)]
        reviews = {due.group_id: self._review(due, now) for due in finished}
        reported = {
            due.group_id: status.update_access(self.name, due, reviews[due.group_id], rest, now=now)
            for due in finished
        }
        self._collect_work([pk for pk, has_gained in reported.items() if has_gained], now)
        for due in finished:
            status.update_status(self.name, due, reviews[due.group_id], rest, now=now)
            self.settled.add((due.group_id, due.generation))
            del self.view.due[due.group_id]

    def _review(self, due: status.Due, now: datetime) -> Review:
        return self.provider.review(self.view.desired, self.finding.observed, due.group_id, now)


def _tried_in_vain(key: str, outcome: Outcome) -> CallFailed:
    """Return the error of an action for which another attempt in this run is pointless."""
    if not outcome.done:
        return Conflict(outcome.note)
    logger.error("%s was applied %s times and still differs", key, TRIES)
    return Refused("It was applied, and still differs.", code="bug")
