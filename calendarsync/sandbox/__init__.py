"""A stand-in for Google Calendar that speaks its own protocol."""

from calendarsync.sandbox.world import CalendarSandbox

__all__ = ["CalendarSandbox"]
