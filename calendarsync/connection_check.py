"""What the connection check shows about Google Calendar, in addition to whether it responds."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from cohorts.reconcile.values import Check


def settings_shown() -> Mapping[str, str]:
    key = settings.GOOGLE_CREDENTIALS
    account = str(key["client_email"]) if key else "none: application default credentials"
    return {
        "GOOGLE_CALENDAR_ID": settings.GOOGLE_CALENDAR_ID,
        "GOOGLE_CALENDAR_CREDENTIALS_…": account,
        "GOOGLE_CALENDAR_SUBJECT": settings.GOOGLE_CALENDAR_SUBJECT or "not set",
        "GOOGLE_CALENDAR_API_BASE": settings.GOOGLE_CALENDAR_API_BASE,
    }


def check() -> tuple[Check, ...]:
    """Report a service account without delegation.

    Observing works without it and cannot show this.
    """
    if not settings.GOOGLE_CREDENTIALS or settings.GOOGLE_CALENDAR_SUBJECT:
        return ()
    detail = (
        "A service account can invite people only on behalf of a user of the domain. Give its "
        "client ID domain-wide delegation and set GOOGLE_CALENDAR_SUBJECT to that user."
    )
    return (Check("Inviting people", ok=False, detail=detail),)
