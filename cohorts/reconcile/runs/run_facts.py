"""What a run has read: the groups that are due, their facts, and the desired state."""

import time
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts import clock
from cohorts.reconcile.provider import CollectsWork, ObservesWithLess, Provider, ReadsPart
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.values import Due

NEVER = float("-inf")
SHARE = 0.1  # of a run's time, at most, for reading facts and comparing all groups
MOST = 5  # usual pauses between two readings, even if those take a larger share

Pairs = set[tuple[int, int]]  # a group's id and its generation


class RunFacts:
    """The facts of one run, which reads them every second, but only those that changed.

    `due`: the groups to compare, by id. `is_outdated`: a change outside was reported since the
    observation. `reads_all`: also the facts of groups that are not due, see `ReadsPart`.
    """

    def __init__(self, provider: Provider, *, plans_only: bool) -> None:
        self.provider, self.plans_only = provider, plans_only
        self.name = provider.spec.name
        self.due: dict[int, Due] = {}
        self.desired: Any = None
        self.is_outdated = False
        self.reads_all = False
        self._snapshot: Any = None  # as last read, None: not since the last observation
        self._known: Pairs = set()  # due groups whose facts it contains
        self._suspect: set[int] = set()  # groups whose facts a failure may have changed
        self._changes = 0  # changes outside that were reported before the observation
        self._collected: Pairs = set()  # whose work is stored
        self._finished: Pairs = set()  # what this run finished
        self._read_at = NEVER
        self._pause: float = settings.SYNC["read_seconds"]

    # -- reading -----------------------------------------------------------------------------

    def seconds_left(self) -> float:
        """Return the time until the facts are to be read again."""
        return max(self._read_at + self._pause - time.monotonic(), 0)

    def read(self, now: datetime, *, for_plans: bool) -> Collection[int]:
        """Read what is due, and the facts of groups that changed; return those newly due.

        `for_plans`: the facts of all groups, since a requested plan may concern any.
        """
        self.due = self._read_due(now)  # before the facts: see Due.generation
        self.is_outdated = provider_state.count_changes(self.name) != self._changes
        due = _pairs(self.due.values())
        fresh = {group_id for group_id, _ in due - self._known}
        changed = fresh | self._suspect
        self._known, self._suspect = due, set()
        if for_plans:
            self._snapshot = self.provider.snapshot(now, self._snapshot, changed)
        else:
            self._snapshot = self._take_snapshot(now, self.due.keys(), changed)
        self._read_at = time.monotonic()
        self.desired = self.provider.desired(self._snapshot, now)
        return fresh

    def read_all(self) -> None:
        """Read the facts of all groups, for the rest of the run: the removal guard judges them."""
        now, self.reads_all = clock.now(), True
        self._snapshot = self.provider.snapshot(now, self._snapshot)
        self.desired = self.provider.desired(self._snapshot, now)

    def read_to_observe(self) -> Any:
        """Return a snapshot for an observation, which changes reported from now on outdate."""
        self._changes = provider_state.count_changes(self.name)
        self._snapshot = None
        now = clock.now()
        if isinstance(self.provider, ObservesWithLess):
            return self.provider.snapshot_to_observe(now)
        return self._take_snapshot(now, ())

    def expire(self) -> None:
        """Have all facts read anew: storing an observation has changed records."""
        self._read_at, self._snapshot = NEVER, None

    def suspect(self, group_ids: Iterable[int]) -> None:
        """Have the facts of these groups read at once: a failure may have changed them."""
        self._read_at = NEVER
        self._suspect.update(group_ids)

    def limit(self, seconds: float) -> None:
        """Read less often than every second if that would take too much of the run's time."""
        least = settings.SYNC["read_seconds"]
        self._pause = max(least, min(seconds / SHARE, MOST * least))

    def _take_snapshot(
        self, now: datetime, group_ids: Collection[int], changed: Collection[int] = ()
    ) -> Any:
        """Return the facts of these groups, and of all others unless they are not needed."""
        if isinstance(self.provider, ReadsPart) and not self.reads_all:
            return self.provider.snapshot_part(now, group_ids, self._snapshot, changed)
        return self.provider.snapshot(now, self._snapshot, changed)

    # -- what is due ---------------------------------------------------------------------------

    def _read_due(self, now: datetime) -> dict[int, Due]:
        """Return what is due, after storing the work that its facts require: a farewell is sent
        before access ends. Finishing a group can change facts and make it due again."""
        if self.plans_only:
            return {}
        due = provider_state.read_due(self.name, now)
        fresh = _pairs(due.values()) - self._collected
        self._collected |= fresh
        if self.collect({group_id for group_id, _ in fresh}, now):
            due = provider_state.read_due(self.name, now)  # new work raises the generation
        return due

    def collect(self, group_ids: Collection[int], now: datetime) -> int:
        """Store the work that the facts of these groups make due; return how much is new."""
        if group_ids and isinstance(self.provider, CollectsWork):
            return self.provider.collect(group_ids, now)
        return 0

    def note_finished(self, finished: Collection[Due]) -> None:
        """Note the groups for which the run can do nothing more: they are no longer due."""
        pairs = _pairs(finished)
        self._finished |= pairs
        self._known -= pairs
        for due in finished:
            del self.due[due.group_id]

    def collect_newly_due(self) -> bool:
        """Return whether finishing a group has made something due that this run can do, such as the
        welcome of a group that became active. The observation is still valid, so this costs no
        second one."""
        known = self._finished | _pairs(self.due.values())
        finished = {group_id for group_id, _ in self._finished}
        due = self._read_due(clock.now())
        self._read_at = NEVER
        fresh = [row for row in due.values() if (row.group_id, row.generation) not in known]
        # A request needs an observation from after it: people may have joined since.
        return bool(fresh) and all(row.group_id in finished and not row.may_create for row in fresh)


def _pairs(rows: Iterable[Due]) -> Pairs:
    return {(row.group_id, row.generation) for row in rows}
