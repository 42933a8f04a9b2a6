"""The interface of a provider (`Provider`), what pages need of it (`ProviderAdmin`), and their
registries.

A provider is an outside system that we keep in sync. It reads facts (`snapshot`), computes the
desired state (`desired`), reads the actual state (`observe`), compares the two (`plan`) and carries
out one action with one call (`apply`). `desired`, `plan` and `review` are pure. The reconciler owns
the lease, the loop and the run log, and knows no service.

During a run the reconciler alone decides when to call:

    snapshot ─> desired ─┐
                         ├─> plan ─> policy ─> intend ─> apply ─> record ─┐
    observe ─> store ────┘                                                │
        ^   (once per run; results of own calls are added to it) <────────┘

`observe` and `apply` are coroutines and do not use the database. Everything else is synchronous,
uses no network, and runs between two steps of the event loop.

An app registers both objects in `AppConfig.ready()`:

    providers.register(DiscordProvider(), order=10)
    provider_admins.register(DiscordAdmin())
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol, runtime_checkable

from cohorts.reconcile.differences import Drift, DriftChoice
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Action,
    Budget,
    Check,
    Finding,
    Outcome,
    Plan,
    Policy,
    ProviderSpec,
    Removable,
    Review,
)
from cohorts.registries import Registry


class Provider(Protocol):
    """What the reconciler calls: one outside system. At most 11 members."""

    @property
    def spec(self) -> ProviderSpec:
        """Return the provider's name and properties under the current settings."""

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        """Return a client for one run. `check` is called at the start of each request, including
        the client's own retries, and raises LeaseLost if no call may be started."""

    def snapshot(self, now: datetime, earlier: Any = None, changed: Collection[int] = ()) -> Any:
        """Return the groups that are live, requested, or have something outside, as frozen plain
        values. Groups that ended and have nothing outside cost nothing.

        A constant number of queries for any number of groups. `earlier` is a snapshot of the same
        run, since which at most the facts of the groups `changed` and what belongs to no group have
        changed: the rest need not be read again. It is read every second of a run.
        """

    def desired(self, snapshot: Any, now: datetime) -> Any:
        """Return the desired state at `now`. Pure."""

    async def observe(self, client: Any, snapshot: Any) -> Finding:
        """Read the actual state. Absence from a listing does not prove that an object is gone."""

    def store(self, finding: Finding) -> Finding:
        """Commit what an observation found out: ids, copies, a sync token, adopted orphans.

        Return it, with what the database knows of objects and people that the snapshot left out.
        """

    def plan(self, desired: Any, observed: Any, policy: Policy) -> Plan:
        """Return the remaining actions, those withheld, and the issues to report. Pure."""

    def intend(self, action: Action) -> None:
        """Commit the record of what is about to be created, before the call that creates it."""

    async def apply(self, client: Any, action: Action) -> Outcome:
        """Carry out one action with one call. Raises the errors of cohorts.reconcile.errors."""

    def record(self, action: Action, result: Outcome | CallFailed, observed: Any) -> Any:
        """Commit the result of a call, and return the observation updated with it.

        Also called if the lease was lost: what was created is ours.
        """

    def review(self, desired: Any, observed: Any, group_id: int, now: datetime) -> Review:
        """Return the status of one group for which nothing is left to do now. Pure."""


@runtime_checkable
class ReadsPart(Protocol):
    """An optional part of a provider that can compare some groups without reading all others.

    `observe` then gets a snapshot of no group.
    """

    def snapshot_part(
        self,
        now: datetime,
        group_ids: Collection[int],
        earlier: Any = None,
        changed: Collection[int] = (),
    ) -> Any:
        """Return a snapshot of only these groups; the rest as for `snapshot`.

        If a plan made from it has removals that no dated fact explains, `snapshot` follows before
        anything is done: the guard must see all groups.
        """


@runtime_checkable
class ObservesWithLess(Protocol):
    """An optional part of a provider whose observation does not need all that a plan needs.

    The facts are read again after an observation, so what this leaves out is read only once.
    """

    def snapshot_to_observe(self, now: datetime) -> Any:
        """Return a snapshot for `observe`, and for nothing else."""


@runtime_checkable
class Replans(Protocol):
    """An optional part of a provider that need not plan all groups again after every call.

    Without it, each outcome is followed by a whole plan, so realizing n groups takes time in n².
    """

    def replan(
        self, plan: Plan, action: Action, desired: Any, observed: Any, policy: Policy
    ) -> Plan | None:
        """Return the part of the plan that the outcome of an action can have changed: what is left
        now for the groups in its `groups`; or None if a whole plan is needed. Pure.

        `plan` is the last whole plan, made for the same desired state and policy. Replacing these
        groups in it gives what `plan` would return now, except that the guard's numbers are older.
        """


@runtime_checkable
class CollectsWork(Protocol):
    """An optional part of a provider that stores its work as rows, such as messages to deliver."""

    def collect(self, group_ids: Collection[int], now: datetime) -> int:
        """Store the work that the facts of these groups make due; return how much is new.

        Called before these groups are planned, and before a group in which someone gained access
        is reported as finished. New work makes its group due again.
        """


class ProviderAdmin(Protocol):
    """What pages and administration need of a provider."""

    name: str  # of its provider

    def settings_shown(self) -> Mapping[str, str]:
        """Return the configuration by name of the variable, without secrets."""

    def budget(self, desired: Any, observed: Any, plan: Plan) -> tuple[Budget, ...]:
        """Return the limits of the service that a plan affects. Pure."""

    def check(self, desired: Any, observed: Any) -> tuple[Check, ...]:
        """Return the lines of the connection check for a successful observation."""

    def forget(self, group_id: int) -> Collection[str]:
        """Delete the records of this group's infrastructure that is gone; return their names."""

    def forget_all(self) -> None:
        """Delete every record: the objects outside do not belong to this database."""


@runtime_checkable
class ChecksService(Protocol):
    """An optional part of a `ProviderAdmin`: its service can be checked before anything runs."""

    async def check_service(self) -> tuple[Check, ...]:
        """Read the service, without the database's tables, and return the lines of the check."""


@runtime_checkable
class ListsRemovable(Protocol):
    """An optional part of a `ProviderAdmin` whose groups leave objects behind when they end."""

    def removable(
        self, desired: Any, observed: Any, group_ids: Collection[int]
    ) -> tuple[Removable, ...]:
        """Return what these ended groups have left outside, in the order of removal. Pure."""


@runtime_checkable
class DecidesDrift(Protocol):
    """An optional part of a `ProviderAdmin` whose reviews name drift."""

    def decide_drift(self, drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
        """Store staff's decision as facts; return the groups that it concerns.

        `answer`: the id of the other object, for a replacement.  Raises Refusal, for example if the
        object has come back.
        """


providers: Registry[Provider] = Registry("providers", name_of=attrgetter("spec.name"))
provider_admins: Registry[ProviderAdmin] = Registry("provider admins")


def provider_specs() -> dict[str, ProviderSpec]:
    return {name: provider.spec for name, provider in providers.items()}


def configured_providers() -> dict[str, ProviderSpec]:
    """Return the providers that are on."""
    return {name: spec for name, spec in provider_specs().items() if spec.is_configured}
