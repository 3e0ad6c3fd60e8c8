"""GET /metrics: read from PostgreSQL and Redis when asked, so that any process answers for all of them."""

import logging
from collections.abc import Callable, Iterable, Iterator

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from amonition import database_metrics, redis_metrics, shard_metrics
from amonition.access import may_read
from clients.pacing import PaceUnavailableError

logger = logging.getLogger(__name__)

Measure = Callable[[], Iterable[Metric]]

STORES: dict[str, tuple[Measure, type[Exception]]] = {
    "postgresql": (database_metrics.measure, Error),
    "broker": (redis_metrics.measure_broker, RedisError),
    "shards": (shard_metrics.measure, Error),
    "limiter": (redis_metrics.measure_pace, PaceUnavailableError),
}


class StoredTruth(Collector):
    """A store that is away is a figure of its own, and costs the others nothing."""

    def collect(self) -> Iterator[Metric]:
        """Everything there is to see right now."""
        up = GaugeMetricFamily("amonition_up", "Whether the store answered", labels=["store"])
        for store, (measure, away) in STORES.items():
            try:
                found = list(measure())
            except away as error:
                logger.warning(
                    "metrics.store_away", extra={"store": store, "error": type(error).__name__}
                )
                found = []
                up.add_metric([store], 0)
            else:
                up.add_metric([store], 1)
            yield from found
        yield up


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The text that Prometheus reads; 403 to others than it and us."""
    if not may_read(request):
        return HttpResponse("403 Forbidden\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(StoredTruth())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
