"""Record the failure and recovery of message sources and channels, for staff."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest

from cohorts.outbox.models import OutboxPart

EMAIL = "email"
RETRY = timedelta(minutes=1)
HEALTHY: dict[str, Any] = {
    "issue": "",
    "failing_since": None,
    "failures": 0,
    "retry_at": None,
    "closed_at": None,
    "alarmed_at": None,
}


def record_failure(name: str, why: str, *, now: datetime, pause: timedelta = RETRY) -> None:
    """Count a failure, in one statement: other workers may record more or close the channel. A
    longer pause of an earlier failure stays."""
    OutboxPart.objects.get_or_create(name=name)
    OutboxPart.objects.filter(name=name).update(
        issue=why[:300],
        failing_since=Coalesce("failing_since", Value(now)),
        failures=F("failures") + 1,
        retry_at=Greatest(Coalesce("retry_at", Value(now)), Value(now + pause)),
    )


def record_success(name: str) -> None:
    """Clear a failure.  A closed channel stays closed: a message in flight proves nothing for
    others."""
    failing = OutboxPart.objects.filter(name=name, failing_since__isnull=False)
    failing.filter(closed_at=None).update(**HEALTHY)


def close(name: str, why: str, *, now: datetime) -> None:
    """Close a channel: nothing is sent there until staff open it again."""
    record_failure(name, why, now=now)
    OutboxPart.objects.filter(name=name, closed_at=None).update(closed_at=now)


def is_closed(name: str) -> bool:
    return OutboxPart.objects.filter(name=name, closed_at__isnull=False).exists()


def reopen(name: str) -> None:
    """Open a channel after staff have confirmed that the problem is fixed."""
    OutboxPart.objects.filter(name=name).update(**HEALTHY)


def find_unhealthy() -> list[OutboxPart]:
    """Return the parts that are failing, and the sources that were not complete."""
    unhealthy = Q(failing_since__isnull=False) | Q(collected_at__isnull=False)
    return list(OutboxPart.objects.filter(unhealthy))


def is_waiting(name: str, *, now: datetime) -> bool:
    """Return whether the part failed and its next attempt is not due yet."""
    return OutboxPart.objects.filter(name=name, retry_at__gt=now).exists()
