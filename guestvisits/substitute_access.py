"""When a substitute has access to the group that they lead once, for windows and for the rules of
substitutes, which read windows. Pure."""

from datetime import datetime, timedelta

from meetings.attendance.presence import Span

ACCESS_BEFORE = timedelta(days=6)
ACCESS_AFTER = timedelta(hours=24)


def access_span(starts_at: datetime, ends_at: datetime, accepted_at: datetime) -> Span:
    """Return when a substitute has a facilitator's access."""
    return Span(max(accepted_at, starts_at - ACCESS_BEFORE), ends_at + ACCESS_AFTER)
