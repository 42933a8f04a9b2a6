"""The sandbox's clock, which can be moved."""

from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class Clock:
    """Real time plus an offset, so that it can be moved but never stops."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def reset(self) -> None:
        self.offset = timedelta()

    def describe(self) -> dict[str, Any]:
        return {"now": self.now().isoformat(), "offset_seconds": self.offset.total_seconds()}

    def move(self, body: Any) -> None:
        """Apply `{"now": ISO time}`, `{"offset_seconds": n}` or `{"advance_seconds": n}`.

        Raises ValueError with a sentence; then the clock has not moved.
        """
        offset = self._offset_for(body)
        if not EARLIEST <= datetime.now(UTC) + offset <= LATEST:
            raise ValueError("The clock can be set from the year 2000 to the year 2200.")
        self.offset = offset

    def _offset_for(self, body: Any) -> timedelta:
        match body:
            case {"now": str(text), **rest} if not rest:
                return parse_instant(text) - datetime.now(UTC)
            case {"offset_seconds": int() | float() as seconds, **rest} if not rest:
                return as_timedelta(seconds)
            case {"advance_seconds": int() | float() as seconds, **rest} if not rest:
                return self.offset + as_timedelta(seconds)
        raise ValueError(
            'Send one of {"now": "2026-03-01T12:00:00Z"}, '
            '{"offset_seconds": 3600} and {"advance_seconds": 60}.'
        )


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 time with a zone; raise ValueError with a sentence."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"“{text}” is not an ISO 8601 time such as 2026-03-01T12:00:00Z."
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"“{text}” has no time zone. For UTC, write {text}Z.")
    return instant


def as_timedelta(seconds: float) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise ValueError(f"{seconds} is too many seconds.") from None
