"""How long to wait before trying again: later and later, never longer than an hour."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

LONGEST = timedelta(hours=1)


def wait_before_retry(failures: int) -> timedelta:
    """`failures` in a row, from 1: one minute (a setting), two, four, … an hour."""
    first = timedelta(seconds=settings.SYNC["backoff_seconds"])
    return min(first * 2 ** min(max(failures, 1) - 1, 12), LONGEST)
