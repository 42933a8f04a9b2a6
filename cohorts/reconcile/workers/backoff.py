"""Waiting times between retries, which double up to one hour."""

from datetime import timedelta

from django.conf import settings

LONGEST = timedelta(hours=1)


def wait_before_retry(failures: int) -> timedelta:
    """Return the wait after so many failures in a row (from 1): 1 minute (a setting), 2, 4, …"""
    first = timedelta(seconds=settings.SYNC["backoff_seconds"])
    return min(first * 2 ** min(max(failures, 1) - 1, 12), LONGEST)
