"""Errors to Sentry, where SENTRY_DSN names one.  People and secrets stay here."""

from __future__ import annotations

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration


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
        traces_sample_rate=0,
    )
