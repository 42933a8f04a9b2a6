"""Parts of the outbox that fail as a whole: noted once, shown to staff, forgotten when mended."""

from __future__ import annotations

from datetime import datetime, timedelta

from cohorts.messages.models import OutboxPart

EMAIL = "email"
PROBE = timedelta(minutes=1)


def note_failure(name: str, why: str, *, now: datetime) -> None:
    part, _ = OutboxPart.objects.get_or_create(name=name)
    part.trouble = why[:300]
    part.failing_since = part.failing_since or now
    part.failures += 1
    part.retry_at = now + PROBE
    part.save()


def note_success(name: str) -> None:
    OutboxPart.objects.filter(name=name, failing_since__isnull=False).update(
        trouble="", failing_since=None, failures=0, retry_at=None
    )


def failing_names() -> set[str]:
    return set(
        OutboxPart.objects.filter(failing_since__isnull=False).values_list("name", flat=True)
    )


def is_waiting(name: str, *, now: datetime) -> bool:
    """Whether the part failed and its next probe is not due yet."""
    return OutboxPart.objects.filter(name=name, retry_at__gt=now).exists()
