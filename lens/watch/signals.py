"""Waiting for signals, in place of handlers that interrupt other code."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


class SignalWaiter:
    """Collects the signals `numbers` while it is entered. In the main thread only."""

    def __init__(self, numbers: Collection[signal.Signals]) -> None:
        self.numbers = frozenset(numbers)

    def __enter__(self) -> SignalWaiter:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._former_fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _do_nothing) for number in self.numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float) -> frozenset[int]:
        """Wait at most `seconds` for signals. Return those that arrived."""
        if not select.select([self._reader], [], [], max(seconds, 0))[0]:
            return frozenset()
        return self.numbers & frozenset(os.read(self._reader, 512))


@contextmanager
def blocked() -> Iterator[None]:
    """Hold back signals while a process is forked: a handler of its parent would take them."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def restore_defaults() -> None:
    """Forget the handlers that a forked process has from its parent, and receive signals again."""
    signal.set_wakeup_fd(-1)
    for number in {*ENDING, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDING, signal.SIGCHLD})


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing. The wake-up descriptor is written only for signals with a handler in Python."""
