"""What is announced while a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal

from cohorts.signals import facts_changed


@contextmanager
def listening(*signals: Signal) -> Iterator[list[Any]]:
    """Note the groups of each signal, by default of those that facts have changed."""
    heard: list[Any] = []
    signals = signals or (facts_changed,)

    def hear(group_ids: Any, **_: Any) -> None:
        heard.append(group_ids)

    for signal in signals:
        signal.connect(hear)
    try:
        yield heard
    finally:
        for signal in signals:
            signal.disconnect(hear)
