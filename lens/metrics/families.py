"""Metric families from plain values. Labels and values come as (labels, value)."""

from collections.abc import Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

Row = tuple[Sequence[str], float]


def gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"lens_{name}", text, labels=labels)
    for given, value in rows:
        family.add_metric(given, value)
    return family


def counter(
    name: str, text: str, labels: Sequence[str], rows: Iterable[Row]
) -> CounterMetricFamily:
    """Return a counter; its series end in _total."""
    family = CounterMetricFamily(f"lens_{name}", text, labels=labels)
    for given, value in rows:
        family.add_metric(given, value)
    return family
