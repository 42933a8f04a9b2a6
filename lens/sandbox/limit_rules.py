"""Rate limit rules, and the time windows in which calls are counted."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lens.sandbox.journal import Call

RULE_KEYS = {"name", "method", "path", "body", "limit", "window", "announced", "spent"}


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` calls in `window` seconds, for each value of the path's groups.

    `spent`: calls that already count when the first window begins.
    """

    name: str
    limit: int
    window: float
    path: re.Pattern[str]
    method: str | None = None
    body: tuple[str, ...] = ()
    announced: bool = True
    spent: int = 0

    def key(self, call: Call, path: str) -> tuple[Any, ...] | None:
        """Return the key of the window that counts a call, or None if the rule does not apply."""
        if self.method not in (None, call.method):
            return None
        found = self.path.search(path)
        if not found or (self.body and not names_any(call.body, self.body)):
            return None
        return (self.name, *found.groups())


def names_any(body: Any, keys: Sequence[str]) -> bool:
    return isinstance(body, dict) and any(key in body for key in keys)


@dataclass(slots=True)
class Window:
    """A time window, which begins with its first call. It uses real time."""

    limit: int
    seconds: float
    spent: int = 0  # calls that already count when the next window begins
    used: int = 0
    ends: float = field(default=0.0)

    def left(self) -> int:
        used = self.spent if time.monotonic() >= self.ends else self.used
        return max(0, self.limit - used)

    def take(self, count: int = 1) -> None:
        now = time.monotonic()
        if now >= self.ends:
            self.used, self.ends, self.spent = self.spent, now + self.seconds, 0
        self.used += count

    def resets_after(self) -> float:
        return max(0.0, self.ends - time.monotonic())


def parse_rule(data: Any, scale: float) -> Rule:
    """Read a rule from JSON; raise ValueError with a sentence."""
    if not isinstance(data, dict) or (unknown := set(data) - RULE_KEYS):
        what = f"not {', '.join(sorted(unknown))}" if isinstance(data, dict) else "as an object"
        raise ValueError(f"A rule can have {', '.join(sorted(RULE_KEYS))}, {what}.")
    limit, window = parse_pair([data.get("limit"), data.get("window")], "rule")
    body = data.get("body", [])
    if not isinstance(body, list):
        raise ValueError(f"A rule's “body” must be a list of names; it is {body}.")
    try:
        path = re.compile(data.get("path", ""))
    except (re.error, TypeError) as error:
        raise ValueError(f"The rule's “path” is not a regular expression: {error}.") from None
    return Rule(
        name=str(data.get("name") or path.pattern),
        limit=limit,
        window=window * scale,
        path=path,
        method=data.get("method"),
        body=tuple(body),
        announced=bool(data.get("announced", True)),
        spent=parse_spent(data.get("spent", 0)),
    )


def parse_spent(data: Any) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or data < 0:
        raise ValueError(f"A rule's “spent” must be a number of calls, 0 or more; it is {data}.")
    return data


def parse_pair(data: Any, what: str) -> tuple[int, float]:
    """Read `[calls, seconds]`; raise ValueError with a sentence."""
    match data:
        case [int(limit), int() | float() as seconds] if limit > 0 and seconds > 0:
            return limit, float(seconds)
    raise ValueError(
        f"“{what}” needs a number of calls and of seconds, both above 0; it is {data}."
    )
