"""Whether somebody can be written to directly.

Higher floors know it: settings.DIRECT_LINES names the function that says it,
`(user_ids, now) -> Mapping[user id, Line]`, in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum

from django.conf import settings
from django.utils.module_loading import import_string


class Line(Enum):
    OPEN = "open"  # a message can be sent now
    WAITS = "waits"  # only later: no more people may be written to for the first time just now
    CLOSED = "closed"  # a message was refused, or none can be sent to anybody
    NEVER = "never"  # the person has not used the bot


def find_lines(user_ids: Collection[int], now: datetime) -> Mapping[int, Line]:
    """By person; whoever is not in it has none."""
    if not user_ids or not settings.DIRECT_LINES:
        return {}
    lines: Mapping[int, Line] = import_string(settings.DIRECT_LINES)(user_ids, now)
    return lines


def find_line(user_id: int, now: datetime) -> Line:
    return find_lines([user_id], now).get(user_id, Line.NEVER)
