"""Prometheus' families, named like all of ours."""

from collections.abc import Iterable

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

Rows = Iterable[tuple[list[str], float]]


def gauge(name: str, text: str, labels: Iterable[str] = (), rows: Rows = ()) -> GaugeMetricFamily:
    """What is now. `rows`: values of the labels, and the figure."""
    family = GaugeMetricFamily(f"amonition_{name}", text, labels=list(labels))
    for values, value in rows:
        family.add_metric(values, value)
    return family


def counter(
    name: str, text: str, labels: Iterable[str] = (), rows: Rows = ()
) -> CounterMetricFamily:
    """What has happened so far; Prometheus sees it as `name_total`."""
    family = CounterMetricFamily(f"amonition_{name}", text, labels=list(labels))
    for values, value in rows:
        family.add_metric(values, value)
    return family
