"""A stand-in for Google Calendar that implements its HTTP API."""

from calendarsync.sandbox.calendar_service import CalendarSandbox

__all__ = ["CalendarSandbox"]
