"""Errors to Sentry, where SENTRY_DSN names one.  People and secrets stay here."""

from __future__ import annotations

from typing import Any

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
        before_send=leave_out_query,
        traces_sample_rate=0,
    )


def leave_out_query(event: Any, _hint: Any) -> Any:
    """What follows the `?` of an address: a code of a sign-in, or what somebody looked for."""
    event.get("request", {}).pop("query_string", None)
    return event
