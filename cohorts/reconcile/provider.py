"""The interface of a provider (`Provider`), and the registry of providers.

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
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Protocol

from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Action,
    Budget,
    Check,
    Finding,
    IssueText,
    Outcome,
    Plan,
    Policy,
    Review,
)
from cohorts.registries import Registry


class Provider(Protocol):
    """A provider: one outside system. An app registers it: `providers.register`."""

    name: str  # "discord": stored in rows, at most 20 characters
    title: str  # "Discord": shown to people
    lanes: tuple[str, ...]  # kinds of actions; lanes run concurrently, one call at a time in each
    required: bool  # whether a group must be ready here before it becomes active
    ahead: bool  # whether a visit appears here when booked, not only while access lasts
    troubles: Mapping[str, IssueText]  # the provider's own issue codes

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


providers: Registry[Provider] = Registry("providers", name_of=attrgetter("name"))


def configured_providers() -> dict[str, Provider]:
    return {name: mirror for name, mirror in providers.items() if mirror.is_configured()}
