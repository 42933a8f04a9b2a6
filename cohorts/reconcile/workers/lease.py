"""A lease on each provider, so that only one worker at a time works on it.

The lease is a conditional update in the database's time. The holder itself relies on a deadline on
its own clock, read *before* the query, so that for the holder the lease always ends earlier than
for the database. A frozen process that resumes after the deadline starts no call, because `check`
is called at the start of each request.
"""

import os
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile.errors import LeaseLost
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.workers.this_worker import worker_name


def boot_seconds() -> float:
    """Return seconds on a clock that, unlike the monotonic one, runs while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def holder_name() -> str:
    """Return worker and process, so that a watcher can release the lease of a dead child."""
    return f"{worker_name()}/{os.getpid()}"


@dataclass
class Lease:
    provider: str
    token: int
    good_until: float  # boot_seconds()

    def check(self) -> None:
        """Raise LeaseLost unless a call may be started now."""
        if boot_seconds() >= self.good_until:
            raise LeaseLost(self.provider)

    def keep(self) -> None:
        """Renew the lease if little time is left and the token is still ours. Raises LeaseLost."""
        asked_at = boot_seconds()
        if self.good_until - asked_at >= settings.SYNC["renew_below_seconds"]:
            return
        renewed = _own(self).filter(lease_until__gt=Now()).update(lease_until=_lease_end())
        if not renewed:
            self.good_until = float("-inf")
            raise LeaseLost(self.provider)
        self.good_until = asked_at + settings.SYNC["lease_seconds"]

    def release(self) -> None:
        _own(self).update(holder="", lease_until=None)
        self.good_until = float("-inf")


def take(provider: str) -> Lease | None:
    """Return a provider's lease, or None while another worker holds it or an outage delays it."""
    ensure_state(provider)
    asked_at = boot_seconds()
    # Chosen here and not read afterwards: after a freeze the row would show another holder's.
    token = secrets.randbelow(2**62)
    free = ProviderState.objects.of(provider).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),
        Q(retry_at__isnull=True) | Q(retry_at__lte=Now()),
    )
    if not free.update(holder=holder_name(), token=token, lease_until=_lease_end()):
        return None
    return Lease(provider, token, asked_at + settings.SYNC["lease_seconds"])


def ensure_state(provider: str) -> None:
    """Create the state of a provider that has none.

    The lock keeps two workers from creating two: the constraint would allow it if the first one has
    stored its scope meanwhile.
    """
    states = ProviderState.objects.of(provider)
    if states.exists():
        return
    with transaction.atomic():
        Installation.objects.ensure(clock.now())
        Installation.objects.select_for_update().get(pk=1)
        if not states.all().exists():
            ProviderState.objects.create(provider=provider)


def release_dead(worker: str) -> int:
    """Release the leases of a worker whose processes are all dead; return how many."""
    held = ProviderState.objects.filter(holder__startswith=f"{worker}/")
    return held.update(holder="", lease_until=None)


def _own(lease: Lease):
    return ProviderState.objects.of(lease.provider).filter(token=lease.token)


def _lease_end():
    return Now() + timedelta(seconds=settings.SYNC["lease_seconds"])
