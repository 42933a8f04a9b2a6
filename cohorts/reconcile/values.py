"""The values that a provider and the reconciler exchange."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cohorts.reconcile.differences import Drift

FEW_ORPHANS = 3  # groups and cohorts without any record; more than these stop everything
ORPHANS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Action:
    """One call that brings the outside closer to the facts.

    `key` identifies it within a plan and across the plans of one run ("create role:12"). `needs`
    are keys of actions that must be done first. `after` are keys of actions that are tried first,
    unless that takes longer than a moment (2 seconds). `behind` are keys of actions that are tried
    first however long that takes, unless they cannot be tried. `rank` orders a lane, lowest first.
    `removes` is the outside person (an account's id, an address) who loses access although no dated
    fact explains it; `person` is their readable name, if that is another. `ends`: it removes access
    that a dated fact has ended; as little as possible may delay it. `alone`: no action depends on
    it, and the provider finds out what an unclear answer meant. `repeatable`: no action depends on
    it, and it is idempotent.
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
    person: str = ""
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
class Issue:
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

    `groups`: the groups that a part of a plan is for (`Replans.replan`), None for a whole plan. A
    part has no `people` and `removals`: only a whole plan is enough for the guard.
    """

    actions: tuple[Action, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    issues: tuple[Issue, ...] = ()
    people: int = 0
    removals: frozenset[tuple[int, str]] = frozenset()
    groups: frozenset[int] | None = None
    basis: Any = field(default=None, compare=False)  # the provider's own value, for `replan`

    @property
    def has_removals(self) -> bool:
        """Return whether anyone would lose access although no dated fact explains it."""
        held = (one.action for one in self.withheld)
        return any(action.removes for action in (*self.actions, *held))


@dataclass(frozen=True, slots=True)
class Due:
    """A group that is due, as its row in the database says.

    Its `generation` was read before the facts, so that a change in between makes it due again.
    `may_create`: its infrastructure was requested. `approved` are the outside people whose removal
    staff approved.
    """

    group_id: int
    cohort_id: int
    generation: int = 0
    may_create: bool = False
    issue: str = ""
    approved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a plan may do.

    `groups`: plan actions only for these (the budget and the guard still count everything).
    `may_create`: groups whose infrastructure was requested.
    """

    groups: frozenset[int]
    may_create: frozenset[int] = frozenset()

    @classmethod
    def of(cls, due: Collection[Due]) -> Policy:
        requested = frozenset(row.group_id for row in due if row.may_create)
        return cls(frozenset(row.group_id for row in due), requested)


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit of the service: how much is used, how much a plan adds, and the maximum."""

    what: str
    used: int
    adds: int
    limit: int


@dataclass(frozen=True, slots=True)
class Removable:
    """An object of an ended group that staff may have removed, or keep.

    Ids are texts and times in ISO format, as they are stored; `last_message_at`: "" if there is no
    message, or the object holds none. `adopted`: staff imported it; we did not make it. `is_listed`
    is False if the observation did not contain it: it may have been removed by hand.
    """

    key: str
    group_id: int | None  # None: the whole cohort shares it
    cohort_id: int
    kind: str  # in words for people
    name: str
    outside_id: str
    made_at: str
    last_message_id: str
    last_message_at: str
    adopted: bool
    is_listed: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the connection check: what was checked, and whether it is as required.

    `step`: the step of the documentation that makes it so.
    """

    what: str
    ok: bool
    detail: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One person's access to one group, for pages: a state of AccessState and a sentence."""

    person_id: int
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A provider's status of one group once nothing is left to do for it now.

    `ready`: its infrastructure is complete and, if the provider requires it, at least one person
    has access. `is_set_up`: the infrastructure alone is complete; `ready` includes that.
    `issue`: "" or an issue code. `next_at`: the next time at which the facts alone
    change the desired state (the start or end of a window, the horizon), or None.
    `drift`: lasting differences of single objects, on which staff decide.
    """

    ready: bool
    issue: str = ""
    detail: str = ""
    next_at: datetime | None = None
    access: tuple[Access, ...] = ()
    is_set_up: bool = False
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call that succeeded.

    `done` is False if the object had changed since it was observed, and was read again instead.
    """

    outside_id: str = ""
    done: bool = field(default=True, kw_only=True)
    note: str = ""  # shown on the run's page
    answer: Any = None  # the provider's own frozen value, for `record`


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
    """The result of `observe`. `issue` (an issue code) withholds every action of this run."""

    observed: Any
    issue: str = ""
    detail: str = ""
    orphans: Orphans = Orphans()
    to_store: Any = field(default=None, compare=False)  # for `Provider.store`


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a group or a provider is in sync: why not, and since when it is so.

    `reason`: an issue code, or CHANGED or DUE.
    """

    is_met: bool
    since: datetime
    reason: str = ""


CHANGED, DUE = "changed", "due"  # since the last comparison; because the clock says so


class IssueCode(StrEnum):
    """The issue codes that rows store; their texts are in `issues.py`. Providers add their own."""

    NOT_REALIZED = "needs_infrastructure"
    NO_MEMBERS = "no_members"
    NO_SLOT = "no_slot"
    NO_ONE_HAS_ACCESS = "no_one_has_access"
    REMOVALS_HELD = "removals_held"
    PAUSED = "paused"
    OTHER_INSTALLATION = "other_installation"
    RESTORED = "restored"
    MANY_ORPHANS = "many_orphans"
    ORPHANED = "orphaned"
    MOVED = "moved"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    FAILED = "failed"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class IssueText:
    """A sentence that says what is wrong, and one that says what to do.

    `needs_person`: no retry can succeed before a person has acted, so retries are not hurried.
    `passes`: it resolves within minutes without action, so it is worth waiting for. `is_harmless`:
    everything works, and staff may choose what they prefer. `remedy` names the button that resolves
    it (cohorts.reconcile.ui.remedies).
    """

    sentence: str
    fix: str
    needs_person: bool = False
    passes: bool = False
    is_harmless: bool = False
    remedy: str = "check_now"


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """What a provider is, and what the settings say about it.

    `lanes` are the kinds of its actions; lanes run concurrently, one call at a time in each.
    `scope` is the server or calendar that the settings name, "" if the provider is not configured
    and therefore off. Records of another scope do not count. `required`: a group must be ready here
    before it becomes active. `ahead`: a visit appears here when booked, not only while access
    lasts. `issues` are its own issue codes. `poll_every`: how often to look for changes that people
    make outside, even if no group is due. `follows_set_up`: what a group should be here depends on
    whether it is set up or active. If not, a group that is in sync is not compared again when that
    changes.
    """

    name: str  # "discord": stored in rows, at most 20 characters
    title: str  # "Discord": shown to people
    lanes: tuple[str, ...]
    scope: str
    required: bool = False
    ahead: bool = False
    issues: Mapping[str, IssueText] = field(default_factory=dict)
    poll_every: timedelta | None = None
    follows_set_up: bool = True

    @property
    def is_configured(self) -> bool:
        return bool(self.scope)
