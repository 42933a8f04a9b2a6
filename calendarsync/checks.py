"""System checks of the settings for Google Calendar."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's name

from cohorts.validators import is_local


@register(deploy=True)
def check_deployed_calendar(**_: Any) -> Iterator[CheckMessage]:
    """Report what the calendar lacks in production."""
    if not settings.GOOGLE_CALENDAR_ID:
        yield Warning(
            "Google Calendar: GOOGLE_CALENDAR_ID is not set, so no one is invited.",
            hint="docs/operations.md, “Google Calendar”, shows how to create the calendar.",
            id="lens.W020",
        )
        return
    if is_local(settings.GOOGLE_CALENDAR_API_BASE):
        yield Warning(
            f"Google Calendar: the sandbox at {settings.GOOGLE_CALENDAR_API_BASE} is used.",
            hint="Set the service account's key and leave GOOGLE_CALENDAR_API_BASE unset.",
            id="lens.W021",
        )
    if not settings.GOOGLE_CREDENTIALS:
        yield Warning(
            "Google Calendar: no service account's key is set; the machine's own (application "
            "default) credentials will be tried.",
            hint="Set GOOGLE_CALENDAR_CREDENTIALS_FILE or GOOGLE_CALENDAR_CREDENTIALS_JSON.",
            id="lens.W022",
        )
    if not settings.GOOGLE_CALENDAR_SUBJECT:
        yield Warning(
            "Google Calendar: GOOGLE_CALENDAR_SUBJECT is not set; a service account can only "
            "invite people on behalf of a user.",
            hint="Set it to the address for which domain-wide delegation was granted.",
            id="lens.W023",
        )
