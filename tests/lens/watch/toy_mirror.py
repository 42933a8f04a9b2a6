"""A mirror in which every group stands as it is.  While a file exists, looking takes its time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from django.apps import AppConfig

from cohorts.reconcile.values import Action, Budget, Finding, Outcome, Plan, Policy, Review

HOLD = "TOY_HOLD"  # names the file


class ToyConfig(AppConfig):
    """Adds the mirror as an app from elsewhere would."""

    name = "tests.lens.watch"
    label = "toy"

    def ready(self) -> None:
        from cohorts.reconcile.provider import providers

        providers.register(ToyMirror())


class ToyMirror:
    name = "toy"
    title = "Toy"
    lanes = ()
    required = False
    ahead = False
    troubles = {}
    look_every = None

    def is_configured(self) -> bool:
        return True

    def scope(self) -> str:
        return "toys"

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

    def keep(self, finding: Finding) -> None:
        """Nothing to keep."""

    def plan(self, desired: None, observed: None, policy: Policy) -> Plan:
        return Plan()

    def intend(self, action: Action, observed: None) -> None:
        """No action is ever planned."""

    async def apply(self, client: None, action: Action) -> Outcome:
        return Outcome()

    def record(self, action: Action, outcome: Outcome) -> None:
        """No action is ever planned."""

    def absorb(self, observed: None, action: Action, outcome: Outcome) -> None:
        return None

    def review(self, desired: None, observed: None, group_id: int, now: datetime) -> Review:
        return Review(stands=True)

    def budget(self, desired: None, observed: None, plan: Plan) -> tuple[Budget, ...]:
        return ()

    def forget(self, group_id: int) -> Collection[str]:
        return ()

    def forget_all(self) -> None:
        """Nothing is recorded."""
