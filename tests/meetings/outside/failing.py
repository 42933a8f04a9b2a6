"""Writes that fail: in which ways, for how long, and which of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

from tests.guestvisits.effects.world import World

Fault = dict[str, Any]

FAILING: Mapping[str, Fault] = {
    "answers are lost": {"kind": "drop_after"},
    "errors follow the effect": {"kind": "error_after", "status": 500},
    "errors": {"kind": "error", "status": 500},
    "overloaded": {"kind": "error", "status": 503},
    "connections break": {"kind": "drop"},
    "too many calls": {"kind": "rate_limit", "retry_after": 0.05},
}


def work_through(world: World, *faults: Fault) -> None:
    """Some minutes with these faults, then as long as the longest wait of a group that failed in
    each of them."""
    world.sandbox.set_faults(*faults)
    world.minute(4)
    world.sandbox.set_faults()
    world.minute(6)


def fail_once(kinds: Mapping[str, Fault], n: int, *, writes: int, apart: int) -> list[Fault]:
    """Every so many writes from the n-th on fail once, each in another way."""
    ways = list(kinds.values())
    turn = n % len(ways)
    nth = range(n, writes + 1, apart)
    in_turn = zip(nth, cycle(ways[turn:] + ways[:turn]), strict=False)
    return [{**kind, "wrote": True, "nth": at} for at, kind in in_turn]
