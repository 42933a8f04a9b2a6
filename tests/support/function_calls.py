"""How many functions a piece of code calls: a measure of its CPU time that no busy machine changes.

Functions of C code count too, since most of the time is spent in the calls around them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

CONTROL = re.compile("BEGIN|COMMIT|SAVEPOINT|RELEASE")


def count_calls(code: Callable[[], Any]) -> int:
    """Return the number of function calls of `code`, in this thread."""
    calls = 0

    def note(_frame: FrameType, event: str, _: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        code()
    finally:
        sys.setprofile(None)
    return calls


def count_statements(captured: Iterable[dict[str, str]]) -> int:
    """Return the number of queries, without those that begin and end transactions."""
    return sum(not CONTROL.match(query["sql"]) for query in captured)
