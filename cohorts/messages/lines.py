"""Look up whether people can receive direct messages.

Higher layers know this: settings.DIRECT_LINES names a function `(user_ids, now) -> Mapping[user id,
Line]` with a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum

from django.conf import settings
from django.utils.module_loading import import_string


class Line(Enum):
    OPEN = "open"  # a message can be sent now
    WAITS = "waits"  # later: the limit on first direct messages is reached
    CLOSED = "closed"  # a message was refused, or no one can receive any
    NEVER = "never"  # the person has not used the bot


def find_lines(user_ids: Collection[int], now: datetime) -> Mapping[int, Line]:
    """Return the state of DM channels by user id; a person who is missing has no channel."""
    if not user_ids or not settings.DIRECT_LINES:
        return {}
    lines: Mapping[int, Line] = import_string(settings.DIRECT_LINES)(user_ids, now)
    return lines


def find_line(user_id: int, now: datetime) -> Line:
    return find_lines([user_id], now).get(user_id, Line.NEVER)
