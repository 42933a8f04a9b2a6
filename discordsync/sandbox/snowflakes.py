"""Discord's ids: milliseconds since 2015 in the upper bits, so that they sort by age."""

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
SHIFT = 22


def next_snowflake(last: str) -> str:
    """Return a new id from real time, always above `last` even with many in a millisecond."""
    born = (time.time_ns() // 1_000_000 - EPOCH_MS) << SHIFT
    return str(max(born, int(last) + 1))


def born_at(snowflake: str) -> datetime:
    """Return when the object with this id was created."""
    return datetime.fromtimestamp(((int(snowflake) >> SHIFT) + EPOCH_MS) / 1000, tz=UTC)


def is_plausible(snowflake: str) -> bool:
    """Return whether Discord can have issued this id: not small numbers, not ids of the future."""
    milliseconds = int(snowflake) >> SHIFT
    return 0 < milliseconds <= time.time_ns() // 1_000_000 - EPOCH_MS
