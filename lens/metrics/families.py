"""Metric families from plain values. Labels and values come as (labels, value)."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Row = tuple[Sequence[str], float]
Family = TypeVar("Family", GaugeMetricFamily, CounterMetricFamily)


def _build(
    kind: type[Family], name: str, text: str, labels: Sequence[str], rows: Iterable[Row]
) -> Family:
    family = kind(f"lens_{name}", text, labels=labels)
    for given, value in rows:
        family.add_metric(given, value)
    return family


gauge = partial(_build, GaugeMetricFamily)
counter = partial(_build, CounterMetricFamily)  # its series end in _total
