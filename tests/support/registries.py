"""Change what is registered, until the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cohorts.outbox.registry import message_sources, notifications, topics
from cohorts.reconcile.provider import providers
from cohorts.registries import LAST, Registry

# Passed on to worker processes of tests.
PASSED_ON: tuple[Registry[Any], ...] = (providers, message_sources, notifications, topics)


class Registered:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def only(self, registry: Registry[Any], *wanted: Any) -> None:
        """Leave only these: names of what is registered now, or other things, in this order."""
        before = registry._entries
        self._monkeypatch.setattr(registry, "_entries", {})
        for order, one in enumerate(wanted):
            registry.register(before[one][1] if isinstance(one, str) else one, order=order)

    def add(self, registry: Registry[Any], *more: Any, order: int = LAST) -> None:
        self._monkeypatch.setattr(registry, "_entries", {**registry._entries})
        for one in more:
            registry.register(one, order=order)


def read_all() -> list[dict[str, Any]]:
    """Return what a process that this test starts has to know."""
    return [registry._entries for registry in PASSED_ON]


def replace_all(entries: list[dict[str, Any]]) -> None:
    for registry, own in zip(PASSED_ON, entries, strict=True):
        registry._entries = own


@pytest.fixture
def registered() -> Iterator[Registered]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Registered(monkeypatch)


@pytest.fixture
def only_discord(registered: Registered) -> None:
    """No other provider than Discord, for what is counted call by call."""
    registered.only(providers, "discord")


@pytest.fixture
def without_providers(registered: Registered) -> None:
    """For tests about facts: nothing is synced."""
    registered.only(providers)


@pytest.fixture
def no_waiting(settings: Any) -> None:
    """Retry at once after an outage or a failure."""
    settings.SYNC = {**settings.SYNC, "probe_seconds": 0, "backoff_seconds": 0}
