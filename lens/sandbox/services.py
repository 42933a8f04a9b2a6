"""The services that the sandbox serves: the only module here that knows them by name."""

from collections.abc import Sequence

from django.conf import settings

from calendarsync.sandbox import CalendarSandbox
from discordsync.sandbox import DiscordSandbox
from lens.sandbox.clock import Clock
from lens.sandbox.service import Service

TITLES = (DiscordSandbox.title, CalendarSandbox.title)
DEFAULT_GUILD_ID = 100000000000000001
DEFAULT_CALENDAR_ID = "lens@sandbox.example"


def make_services(clock: Clock, *, guild_id: int, calendar_id: str) -> Sequence[Service]:
    """Return an empty guild and an empty calendar with these ids, which use this clock."""
    return [
        DiscordSandbox(now=clock.now, guild_id=guild_id),
        CalendarSandbox(now=clock.now, calendar_id=calendar_id),
    ]


def services_from_settings(clock: Clock) -> Sequence[Service]:
    """Return the services with the ids in the settings, or with default ids."""
    return make_services(
        clock,
        guild_id=int(settings.DISCORD_GUILD_ID or DEFAULT_GUILD_ID),
        calendar_id=settings.GOOGLE_CALENDAR_ID or DEFAULT_CALENDAR_ID,
    )
