"""Health checks of other processes, shown on the staff's start page.

Higher layers provide them: they register functions in `health_checks`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cohorts.reconcile.status_text import SyncStatus
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Another process: its name, its status, and when it was last seen (real time)."""

    title: str
    status: SyncStatus
    last_seen_at: datetime | None = None


health_checks: Registry[Callable[[], HealthCheck | None]] = Registry("health checks")


def run_health_checks() -> list[HealthCheck]:
    found = (describe() for describe in health_checks.values())
    return [check for check in found if check is not None]
