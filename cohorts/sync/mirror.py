"""What a mirror is to the conductor: the shapes that pass between the two.

A mirror reads facts (`snapshot`), says what should stand outside (`desired`), looks outside
(`observe`), compares (`plan`) and carries out one action by one call (`apply`).  `desired` and
`plan` are pure.  The conductor owns the lease, the loop and the run rows; it knows no service.

Inside a slice the conductor alone decides when to call:

    snapshot ─> desired ─┐
                         ├─> plan ─> guard ─> intend ─> apply ─> record ─> absorb ─┐
    observe ─────────────┘                                                         │
        ^   (once per slice; own outcomes are absorbed into it) <──────────────────┘

`observe` and `apply` are coroutines and touch no database; everything else is synchronous, touches
no network and runs between two steps of the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from cohorts.sync.errors import CallFailed
from cohorts.sync.troubles import TroubleText

FEW_ORPHANS = 3  # groups and cohorts of which no record is known; more stop everything
ORPHANS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Action:
    """One call that would bring the outside a step nearer to the facts.

    `key` names it within a plan and across plans of one slice ("create role:12").  `needs` are keys
    of actions that must be done first, `after` of such that are tried first, unless that takes more
    than a moment; `behind` are keys of such that are tried first however long that takes, unless
    they cannot be tried.  `rank` orders a lane, lowest first.  `removes` is the outside person (a
    readable name) whose access this takes away though no dated fact explains it.
    `ends`: this takes away access that a dated fact has ended; as little as possible delays it.
    `alone`: nothing hangs on it, and the mirror finds out by itself what an unclear answer meant.
    `repeatable`: nothing hangs on it, and doing it twice is the same as doing it once.
    """

    key: str
    kind: str  # the lane: one call at a time in each
    verb: str  # create, edit, delete, grant, revoke, send, …
    target: str  # what it is about, in words for people
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
    creates: bool = False  # infrastructure: only for groups that were asked for
    payload: Any = None  # the mirror's own frozen value


@dataclass(frozen=True, slots=True)
class Withheld:
    """An action that the plan found and the policy forbids, with the trouble's code as reason."""

    action: Action
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person must know of one group: a code of the troubles' table, and a detail."""

    group_id: int
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do for the policy's groups.

    For the guard, which judges the whole mirror: `people` counts all with desired or observed
    access, `removals` holds (group id, outside person) of every removal that no dated fact
    explains, also in groups that are not due.
    """

    actions: tuple[Action, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    people: int = 0
    removals: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a plan may do.

    `groups`: plan actions for these only (the whole is still counted for budget and guard).
    `may_create`: groups whose infrastructure was asked for.
    """

    groups: frozenset[int]
    may_create: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit of the outside: how much is used, how much a plan adds, how much there may be."""

    what: str
    used: int
    adds: int
    limit: int


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the connection check: what was looked at, whether it is as it must be."""

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
    """What a mirror says of one group once nothing is left to do for it now.

    `stands`: its infrastructure is complete and, where the mirror demands it, somebody has access.
    `trouble`: "" or a code of the troubles' table.  `next_at`: the next moment at which the facts
    alone will ask for something else (a window's edge, the horizon), or None.
    """

    stands: bool
    trouble: str = ""
    detail: str = ""
    next_at: datetime | None = None
    access: tuple[Access, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call that succeeded.

    Not `done`: what was to be changed had changed meanwhile, and was read again instead.
    """

    outside_id: str = ""
    done: bool = field(default=True, kw_only=True)
    note: str = ""  # for the run's page: what the answer said
    answer: Any = None  # the mirror's own frozen value, for `record` and `absorb`


@dataclass(frozen=True, slots=True)
class Orphans:
    """Objects with our mark that no record explains: by their names, and by whom the marks name.

    They hold up those groups and cohorts.  `unrecorded` counts the groups and cohorts of which this
    database knows no such object at all (of a clone it knows the deleted original): many are a sign
    that it is older than what is outside, and stop everything.
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
    """What `observe` brought.  `trouble` (a code) withholds every action of this slice."""

    observed: Any
    trouble: str = ""
    detail: str = ""
    orphans: Orphans = Orphans()
    keep: Any = field(default=None, compare=False)  # for `keep`: what to store of the look itself


class Mirror(Protocol):
    """One outside system.  Named in settings.GROUP_MIRRORS."""

    name: str  # "discord": stored in rows, at most 20 characters
    title: str  # "Discord": shown to people
    lanes: tuple[str, ...]  # kinds of actions; one call at a time in each, side by side
    required: bool  # whether a group must stand here before it becomes active
    ahead: bool  # whether a visit shows here from its booking on, and not only while access lasts
    troubles: Mapping[str, TroubleText]  # the mirror's own codes

    @property
    def look_every(self) -> timedelta | None:
        """How often to look outside though no group is due, to hear what people do there."""

    def is_configured(self) -> bool:
        """Whether credentials are set.  A mirror that is not configured is off."""

    def scope(self) -> str:
        """Which server or calendar the settings name.  Records made in another one do not count."""

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        """A client for one slice.  `check` is called where each request starts, a client's own
        repetition included, and raises LeaseLost when no call may be started."""

    def snapshot(self, now: datetime) -> Any:
        """All groups that are live, recorded or asked for, as frozen plain values.

        A constant number of queries for any number of groups.
        """

    def desired(self, snapshot: Any, now: datetime) -> Any:
        """What should stand outside at `now`.  Pure."""

    async def observe(self, client: Any, snapshot: Any) -> Finding:
        """What stands outside.  Reads only; a listing's silence is no proof of absence."""

    def keep(self, finding: Finding) -> None:
        """Store what the look brought (a sync token, copies)."""

    def plan(self, desired: Any, observed: Any, policy: Policy) -> Plan:
        """The actions that are left, those withheld, and what a person must know.  Pure."""

    def intend(self, action: Action, observed: Any) -> None:
        """Commit the record of what is about to be made, before the call that makes it."""

    async def apply(self, client: Any, action: Action) -> Outcome:
        """Carry out one action by one call.  Raises the errors of cohorts.sync.errors."""

    def record(self, action: Action, outcome: Outcome) -> None:
        """Commit what the call brought (an id, a time).  Also done when the lease was lost."""

    def fail(self, action: Action, error: CallFailed) -> None:
        """Note what a failed call means for its own row, if it has one (a message)."""

    def absorb(self, observed: Any, action: Action, outcome: Outcome) -> Any:
        """The observation as it is after an own outcome.  Pure."""

    def review(self, desired: Any, observed: Any, group_id: int, now: datetime) -> Review:
        """What to say of one group for which nothing is left to do now.  Pure."""

    def budget(self, desired: Any, observed: Any, plan: Plan) -> tuple[Budget, ...]:
        """The outside's limits that a plan touches.  Pure."""

    def settings_shown(self) -> Mapping[str, str]:
        """What is configured, by its variable's name, without a secret."""

    def check(self, desired: Any, observed: Any) -> tuple[Check, ...]:
        """What the connection check says of a look that worked."""

    def forget(self, group_id: int) -> Collection[str]:
        """Drop the records of this group's infrastructure that is gone; return their names."""

    def forget_all(self) -> None:
        """Drop every record: this database is a copy, and what stands outside is another's."""
