"""System checks of the settings for the reconciler."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def check_pace(**_: Any) -> Iterator[CheckMessage]:
    """Report durations of a run that contradict each other."""
    sync = settings.SYNC
    timeout: Any = settings.Q_CLUSTER["timeout"]
    longest = sync["run_seconds"] + sync["call_seconds"]
    if longest >= timeout:
        yield Error(
            f"A sync run may take {longest:g} seconds, but tasks are stopped after {timeout:g}.",
            hint="Keep SYNC_RUN_SECONDS + SYNC_CALL_SECONDS below that.",
            id="lens.E003",
        )
    if sync["renew_below_seconds"] >= sync["lease_seconds"]:
        yield Error(
            "SYNC_RENEW_BELOW_SECONDS must be less than SYNC_LEASE_SECONDS.", id="lens.E004"
        )
    if sync["call_seconds"] >= sync["renew_below_seconds"]:
        yield Error(
            "SYNC_CALL_SECONDS must be less than SYNC_RENEW_BELOW_SECONDS, or a call could "
            "outlive the lease under which it began.",
            id="lens.E005",
        )
