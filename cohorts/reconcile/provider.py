"""The interface of a provider (`Provider`), and the values that it and the reconciler exchange.

A provider is an outside system that we keep in sync. It reads facts (`snapshot`), computes the
desired state (`desired`), reads the actual state (`observe`), compares the two (`plan`) and carries
out one action with one call (`apply`). `desired` and `plan` are pure. The reconciler owns the
lease, the loop and the run log, and knows no service.

During a run the reconciler alone decides when to call:

    snapshot ─> desired ─┐
                         ├─> plan ─> guard ─> intend ─> apply ─> record ─> absorb ─┐
    observe ─────────────┘                                                         │
        ^   (once per run; results of own calls are absorbed into it) <────────────┘

`observe` and `apply` are coroutines and do not use the database. Everything else is synchronous,
uses no network, and runs between two steps of the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.issues import TroubleText

FEW_ORPHANS = 3  # groups and cohorts without any record; more than these stop everything
ORPHANS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Action:
    """One call that brings the outside closer to the facts.

    `key` identifies it within a plan and across the plans of one run ("create role:12"). `needs`
    are keys of actions that must be done first. `after` are keys of actions that are tried first,
    unless that takes longer than a moment (2 seconds). `behind` are keys of actions that are tried
    first however long that takes, unless they cannot be tried. `rank` orders a lane, lowest first.
    `removes` is the outside person (a readable name) who loses access although no dated fact
    explains it. `ends`: it removes access that a dated fact has ended; as little as possible may
    delay it. `alone`: no action depends on it, and the provider finds out what an unclear answer
    meant. `repeatable`: no action depends on it, and it is idempotent.
    """

    key: str
    kind: str  # the lane: one call at a time in each
    verb: str  # create, edit, delete, grant, revoke, send, …
    target: str  # the object, in words for people
    why: str
    group_id: int | None = None
    cohort_id: int | None = None
    needs: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    rank: int = 0
    removes: str | None = None
    ends: bool = False
    alone: bool = False
    repeatable: bool = False
    creates: bool = False  # infrastructure: only for groups that were requested
    payload: Any = None  # the provider's own frozen value


@dataclass(frozen=True, slots=True)
class Withheld:
    """An action that the plan contains and the policy forbids, with an issue code as the reason."""

    action: Action
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An issue of one group that a person must know: its code, and a detail."""

    group_id: int
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do for the policy's groups.

    The removal guard judges the provider as a whole. For it, `people` counts everyone with desired
    or observed access, and `removals` holds (group id, outside person) of every removal that no
    dated fact explains, also in groups that are not due.
    """

    actions: tuple[Action, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    people: int = 0
    removals: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a plan may do.

    `groups`: plan actions only for these (the budget and the guard still count everything).
    `may_create`: groups whose infrastructure was requested.
    """

    groups: frozenset[int]
    may_create: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit of the service: how much is used, how much a plan adds, and the maximum."""

    what: str
    used: int
    adds: int
    limit: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the connection check: what was checked, and whether it is as required."""

    what: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One person's access to one group, for pages: a state of AccessState and a sentence."""

    person_id: int
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A provider's status of one group once nothing is left to do for it now.

    `stands`: its infrastructure is complete and, if the provider requires it, at least one person
    has access. `trouble`: "" or an issue code. `next_at`: the next time at which the facts alone
    change the desired state (the start or end of a window, the horizon), or None.
    """

    stands: bool
    trouble: str = ""
    detail: str = ""
    next_at: datetime | None = None
    access: tuple[Access, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call that succeeded.

    `done` is False if the object had changed since it was observed, and was read again instead.
    """

    outside_id: str = ""
    done: bool = field(default=True, kw_only=True)
    note: str = ""  # shown on the run's page
    answer: Any = None  # the provider's own frozen value, for `record` and `absorb`


@dataclass(frozen=True, slots=True)
class Orphans:
    """Objects with our mark but no record: their names, and the groups and cohorts that they name.

    Work on those groups and cohorts is held. `unrecorded` counts the groups and cohorts for which
    this database has no such record at all (for a clone it has that of the deleted original). Many
    of them suggest that the database is older than the objects outside, and stop everything.
    """

    names: tuple[str, ...] = ()
    groups: frozenset[int] = frozenset()
    cohorts: frozenset[int] = frozenset()
    unrecorded: int = 0

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def are_many(self) -> bool:
        return self.unrecorded > FEW_ORPHANS

    @property
    def detail(self) -> str:
        shown = ", ".join(f"“{name}”" for name in self.names[:ORPHANS_SHOWN])
        more = len(self.names) - ORPHANS_SHOWN
        return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of `observe`. `trouble` (an issue code) withholds every action of this run."""

    observed: Any
    trouble: str = ""
    detail: str = ""
    orphans: Orphans = Orphans()
    keep: Any = field(default=None, compare=False)  # for `keep`: what to store


class Provider(Protocol):
    """A provider: one outside system. An app registers it: `providers.register`."""

    name: str  # "discord": stored in rows, at most 20 characters
    title: str  # "Discord": shown to people
    lanes: tuple[str, ...]  # kinds of actions; lanes run concurrently, one call at a time in each
    required: bool  # whether a group must be ready here before it becomes active
    ahead: bool  # whether a visit appears here when booked, not only while access lasts
    troubles: Mapping[str, TroubleText]  # the provider's own issue codes

    @property
    def look_every(self) -> timedelta | None:
        """How often to poll for changes that people make outside, even if no group is due."""

    def is_configured(self) -> bool:
        """Return whether credentials are set. A provider without credentials is off."""

    def scope(self) -> str:
        """Return the server or calendar in the settings. Records of another one do not count."""

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        """Return a client for one run. `check` is called at the start of each request, including
        the client's own retries, and raises LeaseLost if no call may be started."""

    def snapshot(self, now: datetime) -> Any:
        """Return all groups that are live, recorded or requested, as frozen plain values.

        A constant number of queries for any number of groups.
        """

    def desired(self, snapshot: Any, now: datetime) -> Any:
        """Return the desired state at `now`. Pure."""

    async def observe(self, client: Any, snapshot: Any) -> Finding:
        """Read the actual state. Absence from a listing does not prove that an object is gone."""

    def keep(self, finding: Finding) -> None:
        """Store what the observation returned (a sync token, copies)."""

    def plan(self, desired: Any, observed: Any, policy: Policy) -> Plan:
        """Return the remaining actions, those withheld, and the issues to report. Pure."""

    def intend(self, action: Action, observed: Any) -> None:
        """Commit the record of what is about to be created, before the call that creates it."""

    async def apply(self, client: Any, action: Action) -> Outcome:
        """Carry out one action with one call. Raises the errors of cohorts.reconcile.errors."""

    def record(self, action: Action, outcome: Outcome) -> None:
        """Commit the result of the call (an id, a time). Also called if the lease was lost."""

    def fail(self, action: Action, error: CallFailed) -> None:
        """Record what a failed call means for its own row, if it has one (a message)."""

    def absorb(self, observed: Any, action: Action, outcome: Outcome) -> Any:
        """Return the observation, updated with the result of an own call. Pure."""

    def review(self, desired: Any, observed: Any, group_id: int, now: datetime) -> Review:
        """Return the status of one group for which nothing is left to do now. Pure."""

    def budget(self, desired: Any, observed: Any, plan: Plan) -> tuple[Budget, ...]:
        """Return the limits of the service that a plan affects. Pure."""

    def settings_shown(self) -> Mapping[str, str]:
        """Return the configuration by name of the variable, without secrets."""

    def check(self, desired: Any, observed: Any) -> tuple[Check, ...]:
        """Return the lines of the connection check for a successful observation."""

    def forget(self, group_id: int) -> Collection[str]:
        """Delete the records of this group's infrastructure that is gone; return their names."""

    def forget_all(self) -> None:
        """Delete every record: the objects outside do not belong to this database."""
