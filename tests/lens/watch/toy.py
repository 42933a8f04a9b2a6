"""A provider in which every group is ready.  While a file exists, observing takes its time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from django.apps import AppConfig

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
    Review,
)

HOLD = "TOY_HOLD"  # names the file


class ToyConfig(AppConfig):
    """Adds the provider as an app from elsewhere would."""

    name = "tests.lens.watch"
    label = "toy"

    def ready(self) -> None:
        from cohorts.reconcile.provider import provider_admins, providers

        providers.register(ToyProvider())
        provider_admins.register(ToyAdmin())


class ToyProvider:
    spec = ProviderSpec("toy", "Toy", lanes=(), scope="toys")

    @asynccontextmanager
    async def connect(self, check: Callable[[], None]) -> AsyncIterator[None]:
        yield

    def snapshot(self, now: datetime) -> None:
        return None

    def desired(self, snapshot: None, now: datetime) -> None:
        return None

    async def observe(self, client: None, snapshot: None) -> Finding:
        while Path(os.environ[HOLD]).exists():
            await asyncio.sleep(0.02)
        return Finding(observed=None)

    def store(self, finding: Finding) -> None:
        """Nothing to store."""

    def plan(self, desired: None, observed: None, policy: Policy) -> Plan:
        return Plan()

    def intend(self, action: Action) -> None:
        """No action is ever planned."""

    async def apply(self, client: None, action: Action) -> Outcome:
        return Outcome()

    def record(self, action: Action, result: Outcome | CallFailed, observed: None) -> None:
        """No action is ever planned."""

    def review(self, desired: None, observed: None, group_id: int, now: datetime) -> Review:
        return Review(ready=True)


class ToyAdmin:
    name = "toy"

    def settings_shown(self) -> Mapping[str, str]:
        return {}

    def budget(self, desired: None, observed: None, plan: Plan) -> tuple[Budget, ...]:
        return ()

    def check(self, desired: None, observed: None) -> tuple[Check, ...]:
        return ()

    def forget(self, group_id: int) -> Collection[str]:
        return ()

    def forget_all(self) -> None:
        """Nothing is recorded."""
