"""One worker at a time holds a mirror.

The lease is a conditional update in the database's time.  What the holder itself may rely on is a
deadline on its own clock, taken *before* it asked the database, so that the holder always believes
its lease to end earlier than the database does.  A frozen process that wakes up past it starts no
call: `check` is made where each request starts.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from cohorts.sync.errors import LeaseLost
from cohorts.sync.models import MirrorState
from cohorts.sync.worker import worker_name


def boot_seconds() -> float:
    """Seconds on a clock that goes on while the machine sleeps (monotonic alone would stop)."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def holder_name() -> str:
    """Who we are in a lease: worker and process, so that a watcher can release a dead child's."""
    return f"{worker_name()}/{os.getpid()}"


@dataclass
class Lease:
    mirror: str
    token: int
    good_until: float  # boot_seconds()

    def check(self) -> None:
        """Raise LeaseLost unless a call may be started now."""
        if boot_seconds() >= self.good_until:
            raise LeaseLost(self.mirror)

    def seconds_left(self) -> float:
        return self.good_until - boot_seconds()

    def keep(self) -> None:
        """Renew when little is left, where the token is still ours.  Raises LeaseLost."""
        if self.seconds_left() >= settings.SYNC["renew_below_seconds"]:
            return
        asked_at = boot_seconds()
        renewed = _own(self).filter(lease_until__gt=Now()).update(lease_until=_lease_end())
        if not renewed:
            self.good_until = float("-inf")
            raise LeaseLost(self.mirror)
        self.good_until = asked_at + settings.SYNC["lease_seconds"]

    def release(self) -> None:
        _own(self).update(holder="", lease_until=None)
        self.good_until = float("-inf")


def take(mirror: str) -> Lease | None:
    """The lease of a mirror, or None while another worker holds it or an outage has it wait."""
    MirrorState.objects.get_or_create(name=mirror)
    asked_at = boot_seconds()
    taken = MirrorState.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),
        Q(retry_at__isnull=True) | Q(retry_at__lte=Now()),
        name=mirror,
    ).update(holder=holder_name(), token=F("token") + 1, lease_until=_lease_end())
    if not taken:
        return None
    # Nobody else can have taken it since: the lease that we just wrote is still running.
    token = MirrorState.objects.values_list("token", flat=True).get(name=mirror)
    return Lease(mirror, token, asked_at + settings.SYNC["lease_seconds"])


def release_dead(worker: str) -> int:
    """Give back what a worker, all of whose processes are dead, still holds.  Returns how many."""
    held = MirrorState.objects.filter(holder__startswith=f"{worker}/")
    return held.update(holder="", lease_until=None)


def _own(lease: Lease):
    return MirrorState.objects.filter(name=lease.mirror, token=lease.token)


def _lease_end():
    return Now() + timedelta(seconds=settings.SYNC["lease_seconds"])
