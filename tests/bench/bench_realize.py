"""Realizing a large cohort under Discord's limits, beside the least time that they allow.

40 groups of 8 with 8 meetings; the windows of all limits are SCALE times shorter than the real
ones, so a second here stands for 1 / SCALE seconds there.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import pytest

from discordsync.sandbox.limits import KNOWN_LIMITS
from tests.bench.figures import RecordFigure
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.running_sandbox import RunningSandbox

SCALE = 0.02
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


@pytest.mark.usefixtures("only_discord")
def test_time_of_a_large_realize(sandbox: RunningSandbox, record: RecordFigure) -> None:
    made = make_cohort(groups=40, members=8, meetings=8)
    join(sandbox, made.people)
    sandbox.set_limits(discord=True, scale=SCALE)
    realize(made)

    began = time.monotonic()
    work("discord", slices=60)
    took = time.monotonic() - began

    writes = sandbox.writes(service="discord")
    least, least_after_reading = find_least(writes), find_least([*read_once(sandbox), *writes])
    record("40 groups under Discord's limits: the least that these allow", least, "s")
    record("40 groups under Discord's limits: time beside the least", took / least, "times", 1.08)
    name = "40 groups under Discord's limits: time beside the least after one observation"
    record(name, took / least_after_reading, "times", 1.08)


def read_once(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """Return one observation's calls. The list of events takes a place in the limit of events."""
    reads = [call for call in sandbox.calls(service="discord") if call["method"] == "GET"]
    return list({call["path"]: call for call in reads}.values())


def find_least(calls: list[dict[str, Any]]) -> float:
    """How long these calls take at least under the limits."""
    return max(least_seconds(rule, calls) for rule in KNOWN_LIMITS["rules"]) * SCALE


def least_seconds(rule: dict[str, Any], writes: list[dict[str, Any]]) -> float:
    """How long these calls take at least under one rule, window after window."""
    buckets: Counter[tuple[str, ...]] = Counter()
    for call in writes:
        found = re.search(rule["path"], call["path"].removeprefix("/api/v10"))
        if found and rule.get("method", call["method"]) == call["method"]:
            buckets[found.groups()] += 1
    busiest = max(buckets.values(), default=0)
    return max(busiest - 1, 0) // rule["limit"] * rule["window"]
