"""Health checks of other processes, shown on the staff's start page.

Higher layers provide them: they register functions in `companions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cohorts.reconcile.status_text import SyncStatus
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class Companion:
    """Another process: its name, its status, and when it was last seen (real time)."""

    title: str
    standing: SyncStatus
    heard_at: datetime | None = None


companions: Registry[Callable[[], Companion | None]] = Registry("health checks")


def see_companions() -> list[Companion]:
    found = (describe() for describe in companions.values())
    return [companion for companion in found if companion is not None]
