"""What the Directory of organizations costs: `organizations.figures` as Prometheus' families."""

from collections.abc import Iterator, Mapping
from itertools import product

import redis
from prometheus_client.metrics_core import HistogramMetricFamily, Metric

from amonition.metric_families import Rows, counter
from clients.hedging.race import Kind
from organizations import figures

ENDPOINTS = ("bulk", "single", "search", "is-owner", "metrika", "create-metrika")
BOUNDS = (*(str(bound) for bound in figures.BUCKETS), "+Inf")


def measure(server: redis.Redis) -> Iterator[Metric]:
    """Everything; what has not happened yet is a nought. Raises RedisError."""
    found = figures.totals(server)
    text = "Attempts at calls: the first of each, hedges beside one that took long, retries"
    rows: Rows = [
        ([endpoint, kind.value], found.get(f"attempts:{endpoint}:{kind}", 0))
        for endpoint, kind in product(ENDPOINTS, Kind)
    ]
    yield counter("directory_attempts", text, ["endpoint", "kind"], rows)
    text = "Calls whose result a hedge brought"
    yield counter("directory_hedge_won", text, ["endpoint"], _by_endpoint("won", found))
    text = "Calls that wanted an extra attempt, and the budget had none"
    yield counter("directory_budget_denied", text, ["endpoint"], _by_endpoint("denied", found))
    yield _seconds(found)
    text = "Organizations in answers whose status is a word that we do not know"
    yield counter("directory_statuses_unknown", text, rows=[([], found.get("statuses_unknown", 0))])
    text = "Organizations that the Directory itself called DUPLICATE"
    yield counter("directory_duplicates_said", text, rows=[([], found.get("duplicates_said", 0))])


def _by_endpoint(figure: str, found: Mapping[str, int]) -> Rows:
    return [([endpoint], found.get(f"{figure}:{endpoint}", 0)) for endpoint in ENDPOINTS]


def _seconds(found: Mapping[str, int]) -> Metric:
    text = "How long calls took, whatever came of them"
    family = HistogramMetricFamily("amonition_directory_call_seconds", text, labels=["endpoint"])
    for endpoint in ENDPOINTS:
        so_far, buckets = 0, []
        for number, bound in enumerate(BOUNDS):
            so_far += found.get(f"calls:{endpoint}:{number}", 0)
            buckets.append((bound, float(so_far)))
        family.add_metric([endpoint], buckets, found.get(f"microseconds:{endpoint}", 0) / 1_000_000)
    return family
