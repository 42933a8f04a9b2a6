"""A stand-in for Google Calendar that implements its HTTP API."""

from calendarsync.sandbox.world import CalendarSandbox

__all__ = ["CalendarSandbox"]
