"""Errors to Sentry, where SENTRY_DSN names one.  People and secrets stay here."""

from __future__ import annotations

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from lens.scrubbing import scrub_all


def start_reporting(dsn: str, *, installation: str) -> None:
    """Report uncaught errors and log lines of level ERROR; nothing at all without a DSN."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=installation or None,
        integrations=[DjangoIntegration()],
        # No cookies, no addresses of people, no bodies of requests.
        send_default_pii=False,
        max_request_body_size="never",
        # Local variables hold people's addresses, and once in a while a token.
        include_local_variables=False,
        event_scrubber=EventScrubber([*DEFAULT_DENYLIST, "x-csrftoken"], recursive=True),
        before_send=scrub_report,
        before_send_transaction=scrub_report,
        before_breadcrumb=scrub_report,
        traces_sample_rate=0,
    )


def scrub_report(report: Any, _hint: Any) -> Any:
    """An event, a transaction or a breadcrumb, without what must not leave."""
    return scrub_all(report)
