"""CPU time as it would be on the reference machine, so that figures of any machine compare.

Machines differ, and one that others share changes within a second. So a fixed piece of work, of the
kind that most of our CPU time goes into, is timed before, during and after what is measured: each
50 ms of CPU time a signal interrupts the code for it. What it takes is left out of the figure. How
much slower it was than on the reference machine says by how much the figure is to be divided.

The reference machine is the one whose figures were committed first, in November 2026: REFERENCE_MS
was chosen so that pages whose code had stayed the same have the same figures.

Only what a processor does is adjusted: no count, ratio or memory, and no waiting for a limit or an
interval, which no machine shortens.
"""

from __future__ import annotations

import gc
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

REFERENCE_MS = 1.55  # CPU time of `do_reference_work` on the reference machine
ROWS = 150
EVERY = 0.05  # seconds of CPU time between two samples
AROUND = 3  # samples before, and after


@dataclass
class Measured:
    """Seconds on this machine, and how many times slower than the reference machine it was."""

    seconds: float = 0.0
    slowness: float = 1.0

    @property
    def adjusted(self) -> float:
        """Seconds on the reference machine."""
        return self.seconds / self.slowness

    def __truediv__(self, parts: float) -> Measured:
        return Measured(self.seconds / parts, self.slowness)


def typical(found: list[Measured]) -> Measured:
    """Return the median of several measurements of the same, as adjusted."""
    return sorted(found, key=lambda one: one.adjusted)[len(found) // 2]


@contextmanager
def cpu_measured() -> Iterator[Measured]:
    """Measure the CPU time of this process, without that of the sandbox in one of its threads."""
    found, samples = Measured(), [_sample() for _ in range(AROUND)]
    during: list[float] = []
    before = signal.signal(signal.SIGPROF, lambda *_: during.append(_sample()))
    began = _cpu_seconds()
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    try:
        yield found
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        found.seconds = _cpu_seconds() - began - sum(during)
        signal.signal(signal.SIGPROF, before)
    samples += during + [_sample() for _ in range(AROUND)]
    found.slowness = _compare(samples)


def measure_slowness() -> float:
    """Return how many times slower than the reference machine this one is now."""
    return _compare([_sample() for _ in range(AROUND)])


def _compare(samples: list[float]) -> float:
    return mean(samples) * 1000 / REFERENCE_MS


def _cpu_seconds() -> float:
    sandbox = [one.ident for one in threading.enumerate() if one.name == "sandbox" and one.ident]
    clocks = map(time.pthread_getcpuclockid, sandbox)
    return time.process_time() - sum(map(time.clock_gettime, clocks))


def _sample() -> float:
    """Return the CPU seconds of the reference work, without collecting garbage of other code."""
    collects = gc.isenabled()
    gc.disable()
    began = time.thread_time()
    do_reference_work()
    took = time.thread_time() - began
    if collects:
        gc.enable()
    return took


@dataclass
class _Person:
    name: str
    group: int
    notes: dict[str, Any] = field(default_factory=dict)

    def describe(self, *, prefix: str = "") -> str:
        return f"{prefix}{self.name}, group {self.group:03}: {len(self.notes)} notes"


def do_reference_work() -> int:
    """Make, sort, group, describe and serialize rows; return the length of what they became."""
    people = [
        _Person(f"Person {n * 7919 % ROWS}", n % 10, {f"note {k}": n * k for k in range(8)})
        for n in range(ROWS)
    ]
    groups: dict[int, list[_Person]] = {}
    for person in sorted(people, key=lambda one: (one.group, one.name)):
        groups.setdefault(person.group, []).append(person)
    length = 0
    for number, members in groups.items():
        rows = [{**vars(one), "line": one.describe(prefix=f"{number} ")} for one in members]
        again = json.loads(json.dumps(rows))
        length += sum(len(str(value)) for row in again for value in row.values())
    return length
