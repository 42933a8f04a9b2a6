"""The calls of one run: lanes, attempts and unclear answers.

One call at a time runs in each lane, lowest rank first. What a result means for the run:

    RateLimited                       nothing failed: the lane is parked
    Unclear, `alone`                  the action failed: a message must not delay access
    TimedOut, `repeatable`            the action failed: a retry could take the rest of the run
    Unclear or Conflict, `repeatable` retried once, then the action failed; 3 in a row end the run
    Unclear or Conflict, other        ends the run: the next one observes first
    Outage, LeaseLost                 ends the run
    Refused, or a bug                 the action failed
    applied 3 times, still planned    the action failed

The event loop runs only inside methods that wait for it; between them the ORM may be used.
Coroutines never use it, and no transaction spans a call.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings

from cohorts.reconcile.errors import (
    CallFailed,
    Conflict,
    LeaseLost,
    Outage,
    RateLimited,
    Refused,
    TimedOut,
    Unclear,
    name_result,
)
from cohorts.reconcile.models import SyncAction
from cohorts.reconcile.provider import Provider
from cohorts.reconcile.runs import provider_state, run_log
from cohorts.reconcile.runs.planned_work import PlannedWork, Remaining
from cohorts.reconcile.values import Action, Finding, IssueCode, Outcome, Plan
from cohorts.reconcile.workers.lease import Lease

logger = logging.getLogger(__name__)

MOMENT = 2.0  # seconds that an action waits for those in its `after`
UNCLEAR_LIMIT = 3  # unclear answers in a row: then the service fails, not a single action
SHARE = 0.75  # of a run that one action may take: if it hangs in each run, others get the rest
TRIES = 3  # of one action in one run while its facts stay: it could otherwise loop forever


@dataclass
class PendingCall:
    """One action in flight."""

    action: Action
    task: asyncio.Task[Outcome]
    started_at: float


class Calls:
    """The connection to a provider, its calls in flight, and what their results were.

    `finding` is the last observation, updated with the results of own calls. `failed` holds, by an
    action's key, the failures for which this run does not try it again. `stopped` is what ends the
    run.
    """

    def __init__(self, provider: Provider, lease: Lease, log: run_log.RunLog) -> None:
        self.provider, self.lease, self.log = provider, lease, log
        self.finding = Finding(observed=None)
        self.in_flight: dict[str, PendingCall] = {}  # by lane
        self.parked: dict[str, datetime] = {}  # by lane
        self.failed: dict[str, CallFailed] = {}
        self.stopped: CallFailed | LeaseLost | None = None
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        # By group and key, since the group's facts last changed.
        self._tries: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
        self._deferred_since: dict[str, float] = {}  # by key
        self._unclear = 0  # answers in a row
        self._unclear_keys: set[str] = set()  # of actions that had one

    # -- the connection ----------------------------------------------------------------------

    def close(self) -> None:
        """Wait for the calls in flight, whose answers show what was created, and disconnect."""
        try:
            while self.in_flight:
                self.wait(None)
            self._disconnect()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def connect(self) -> None:
        self._connection = self.provider.connect(self.lease.check)
        self._client = self.run(self._connection.__aenter__())

    def _disconnect(self) -> None:
        if self._client is None:
            return
        try:
            self._loop.run_until_complete(self._connection.__aexit__(None, None, None))
        except Exception:
            logger.warning("Closing the connection to %s failed", self.log.provider)

    def observe(self, snapshot: Any) -> None:
        found = self.run(self.provider.observe(self._client, snapshot))
        self.lease.check()  # after a freeze another worker may have stored a newer one
        self.finding = self.provider.store(found)

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(within_limit(call))

    def stop(self, error: CallFailed) -> None:
        self.stopped = self.stopped or error

    # -- starting ----------------------------------------------------------------------------

    def remaining(self, plan: Plan) -> Remaining:
        running = [call.action for call in self.in_flight.values()]
        return Remaining.of(plan, self.failed, self.parked, running)

    def forget_tries(self, group_ids: Iterable[int]) -> None:
        """Count the tries of these groups' actions from 0: their facts have changed."""
        for group_id in group_ids:
            self._tries.pop(group_id, None)

    def start(self, work: PlannedWork) -> None:
        """Start the first ready action in each idle lane, the lowest rank of all lanes first."""
        ready = [
            action
            for lane, actions in work.lanes()
            if lane not in self.in_flight and lane not in self.parked
            for action in islice((one for one in actions if self._is_ready(one, work)), 1)
        ]
        for action in sorted(ready, key=lambda one: one.rank):
            self._start(action)

    def _is_ready(self, action: Action, work: PlannedWork) -> bool:
        return not (
            action.key in self.failed
            or any(work.is_planned(key) for key in action.needs)
            or any(self._is_open(key, work) for key in action.behind)
            or self._is_deferred(action, work)
        )

    def _is_open(self, key: str, work: PlannedWork) -> bool:
        """Return whether an action is planned and this run can still carry it out."""
        action = work.actions.get(key)
        if action is None or key in self.failed or action.kind in self.parked:
            return False
        return all(self._is_open(need, work) for need in action.needs if work.is_planned(need))

    def _is_deferred(self, action: Action, work: PlannedWork) -> bool:
        """Whether the action still waits for others, for a moment at most: access never waits for a
        message that fails, hangs or is parked."""
        others = [work.actions[key] for key in action.after if key in work.actions]
        if all(other.key in self.failed or other.kind in self.parked for other in others):
            return False
        since = self._deferred_since.setdefault(action.key, time.monotonic())
        return time.monotonic() - since < MOMENT

    def _start(self, action: Action) -> None:
        self.lease.check()
        self.provider.intend(action)
        limit = min(settings.SYNC["call_seconds"], SHARE * settings.SYNC["run_seconds"])
        call = within_limit(self.provider.apply(self._client, action), limit)
        task = self._loop.create_task(call)
        self.in_flight[action.kind] = PendingCall(action, task, time.monotonic())

    # -- results -----------------------------------------------------------------------------

    def wait(self, seconds: float | None) -> list[Action]:
        """Wait until a call returns, or for `seconds`; record each result at once, and return the
        actions of the calls that returned."""
        tasks = [call.task for call in self.in_flight.values()]
        first = asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        self._loop.run_until_complete(first)
        returned = [call for call in self.in_flight.values() if call.task.done()]
        for call in returned:
            del self.in_flight[call.action.kind]
            self._take_result(call)
        return [call.action for call in returned]

    def _take_result(self, call: PendingCall) -> None:
        """Record one result, even if the lease was lost: what was created is ours."""
        error, key = call.task.exception(), call.action.key
        tries = self._tries[call.action.group_id]
        tries[key] += 1
        self.log.count_call(name_result(error))
        if error is not None:
            self._take_error(call, error)
            return
        self._unclear = 0
        outcome = call.task.result()
        self._record(call.action, outcome)
        result = SyncAction.Outcome.DONE if outcome.done else SyncAction.Outcome.UNKNOWN
        self._log(call, result, outcome.note)
        if tries[key] >= TRIES:
            self.failed[key] = _explain_useless(key, outcome)

    def _record(self, action: Action, result: Outcome | CallFailed) -> None:
        observed = self.provider.record(action, result, self.finding.observed)
        self.finding = replace(self.finding, observed=observed, to_store=None)

    def _take_error(self, call: PendingCall, error: BaseException) -> None:
        action = call.action
        if isinstance(error, CallFailed):
            self._record(action, error)
        match error:
            case RateLimited():
                self.log.count_wait(error.after)
                self.log.park(action.kind, error.after)
                self.parked = provider_state.parked_lanes(self.log.provider)
            case Unclear() if action.alone or _is_slow(action, error):
                self._log(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self.failed[action.key] = error
            case Unclear() | Conflict() if action.repeatable:
                self._log(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self._count_unclear(action, error)
            case Unclear() | Conflict():
                self._log(call, SyncAction.Outcome.UNKNOWN, error.detail)
                self.stop(error)
            case Outage():
                self._log(call, SyncAction.Outcome.FAILED, error.detail)
                self.stop(error)
            case LeaseLost():
                self.stopped = error
            case _:
                self._fail(call, error)

    def _fail(self, call: PendingCall, error: BaseException) -> None:
        if not isinstance(error, CallFailed):
            logger.error("A call of %s failed", self.log.provider, exc_info=error)
            error = Refused(type(error).__name__, code=IssueCode.BUG)
        self._log(call, SyncAction.Outcome.FAILED, error.detail)
        self.failed[call.action.key] = error

    def _count_unclear(self, action: Action, error: CallFailed) -> None:
        """Allow one retry; then fail only this action, so that an action on which the service
        always fails (the old group's) does not block others (the new group's)."""
        self._unclear += 1
        if self._unclear >= UNCLEAR_LIMIT:
            self.stop(error)
        elif isinstance(error, Conflict) or action.key in self._unclear_keys:
            self.failed[action.key] = error
        self._unclear_keys.add(action.key)

    def _log(self, call: PendingCall, outcome: SyncAction.Outcome, text: str) -> None:
        self.log.write(call.action, outcome, text, time.monotonic() - call.started_at)


async def within_limit(call: Coroutine[Any, Any, Any], seconds: float | None = None) -> Any:
    """Await a call, but no longer than `seconds` or else than the lease allows."""
    try:
        async with asyncio.timeout(settings.SYNC["call_seconds"] if seconds is None else seconds):
            return await call
    except TimeoutError:
        raise TimedOut("No response within the time limit.") from None


def _is_slow(action: Action, error: Unclear) -> bool:
    """Return whether a retry in this run would only take time from other actions."""
    return action.repeatable and isinstance(error, TimedOut)


def _explain_useless(key: str, outcome: Outcome) -> CallFailed:
    """Return the error of an action for which another attempt in this run is pointless."""
    if not outcome.done:
        return Conflict(outcome.note)
    logger.error("%s was applied %s times and still differs", key, TRIES)
    return Refused("It was applied, and still differs.", code=IssueCode.BUG)
