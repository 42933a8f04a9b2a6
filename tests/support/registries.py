"""Change what is registered, until the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cohorts.registries import LAST, Registry


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


@pytest.fixture
def registered() -> Iterator[Registered]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Registered(monkeypatch)
