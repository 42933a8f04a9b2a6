"""Error reports to Sentry, if SENTRY_DSN is set, without personal data and secrets."""

from multiprocessing.util import Finalize
from typing import Any

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from cohorts.outages import follows_from_outage, is_lost_connection, report_lost
from cohorts.reconcile.workers.correlation import current_id
from lens.reporting.scrubbing import scrub_all


def start_reporting(dsn: str, *, installation: str) -> None:
    """Report uncaught errors and log lines of level ERROR; do nothing without a DSN."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=installation or None,
        integrations=[DjangoIntegration()],
        # No cookies, IP addresses or request bodies.
        send_default_pii=False,
        max_request_body_size="never",
        # Local variables contain people's addresses, and sometimes a token.
        include_local_variables=False,
        event_scrubber=EventScrubber([*DEFAULT_DENYLIST, "x-csrftoken"], recursive=True),
        before_send=tag_report,
        before_send_transaction=scrub_report,
        before_breadcrumb=scrub_report,
        traces_sample_rate=0,
    )


def report_anew() -> None:
    """Report from a process that was just forked, until its end.

    The client of before the fork waits for a thread that a fork does not copy, and would share its
    connection; and such a process ends with os._exit, which sends nothing that still waits.
    """
    start_reporting(settings.SENTRY_DSN, installation=settings.INSTALLATION_ID)
    Finalize(None, sentry_sdk.flush, exitpriority=0)


def scrub_report(report: Any, _hint: Any) -> Any:
    """Return an event, a transaction or a breadcrumb without secrets and personal data."""
    return scrub_all(report)


def tag_report(report: Any, hint: Any) -> Any:
    """Return the event scrubbed, with the id under which the logs name what happened, or None if it
    follows from an outage of the database, which is logged and so reported once."""
    record, (_, error, _) = hint.get("log_record"), hint.get("exc_info") or (None, None, None)
    if record is not None and follows_from_outage(record):
        return None
    if error is not None and is_lost_connection(error):  # uncaught, as in a request or a command
        report_lost(error)
        return None
    tags = {**report.get("tags", {}), "id": current_id()}
    return scrub_report({**report, "tags": tags}, hint)
