"""The two services that the sandbox serves."""

from collections.abc import Sequence

from calendarsync.sandbox import CalendarSandbox
from discordsync.sandbox import DiscordSandbox
from lens.sandbox.clock import Clock
from lens.sandbox.service import Service

DEFAULT_GUILD_ID = 100000000000000001
DEFAULT_CALENDAR_ID = "lens@sandbox.example"


def make_services(clock: Clock, *, guild_id: int, calendar_id: str) -> Sequence[Service]:
    """Return an empty guild and an empty calendar with these ids, which use this clock."""
    return [
        DiscordSandbox(now=clock.now, guild_id=guild_id),
        CalendarSandbox(now=clock.now, calendar_id=calendar_id),
    ]
