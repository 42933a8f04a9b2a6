"""What the connection check shows about Google Calendar, in addition to whether it responds."""

from collections.abc import Mapping

from django.conf import settings

from calendarsync.issues import ISSUES
from calendarsync.rest.client import connect
from calendarsync.state.observed import StoredState
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.issues import describe_failure
from cohorts.reconcile.values import Check

REACH = "docs/operations.md, “Deploying”"
STEPS = {
    "no_calendar": 1,
    "api_off": 2,
    "no_credentials": 3,
    "credentials_refused": 3,
    "scope_missing": 4,
    "no_delegation": 4,
    "calendar_read_only": 5,
}
WRITES = {"writer", "owner"}


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
    return (Check("Inviting people", ok=False, detail=detail, step=name_step(4)),)


def name_step(number: int) -> str:
    return f"docs/operations.md, “Google Calendar”, step {number}"


async def check_service() -> tuple[Check, ...]:
    """Read the calendar as the subject, which needs delegation, and see whether it can be changed.

    A check that creates an event would invite no one either, so it would show no more.
    """
    if not settings.GOOGLE_CALENDAR_ID:
        return (Check("Calendar", False, "GOOGLE_CALENDAR_ID is not set.", name_step(1)),)
    try:
        async with connect(lambda: None, StoredState()) as client:  # reading needs no lease
            listing = await client.list()
    except CallFailed as error:
        step = name_step(STEPS[error.code]) if error.code in STEPS else REACH
        return (Check("Calendar", False, describe_failure(error, ISSUES), step), *check())
    if listing.role not in WRITES:
        text = ISSUES["calendar_read_only"]
        return (Check("Calendar", False, f"{text.sentence} {text.fix}", name_step(5)), *check())
    detail = f"Lens may change it ({listing.role})."
    return (Check("Calendar", True, detail), *check())
