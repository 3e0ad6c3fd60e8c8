"""Shards, how far each is behind the Directory's events, and whether anybody reads their topic."""

import logging
from collections.abc import Iterator

from django.db import Error
from prometheus_client.metrics_core import Metric

from ads.shards import all_shards
from amonition.metric_families import gauge
from operations import statements
from organizations import lags

logger = logging.getLogger(__name__)

SILENCE = """
SELECT name, greatest(extract(epoch FROM clock_timestamp() - polled_at), 0)::float8
FROM status_topics
"""


def measure() -> Iterator[Metric]:
    """A shard that is away costs the others nothing. Raises django.db.Error without the default one."""
    silence = [([name], seconds) for name, seconds in statements.fetch(SILENCE, {})]
    text = "Since the topic was last read, or found to have nothing new"
    yield gauge("status_topic_silence_seconds", text, ["topic"], silence)
    up = gauge("shard_up", "Whether the shard answered", ["shard"])
    events = gauge("status_lag_events", "Events that wait for the shard", ["shard"])
    seconds = gauge("status_lag_seconds", "Since the first of them was received", ["shard"])
    for shard in all_shards():
        try:
            lag = lags.lag(shard=shard)
        except Error as error:
            logger.warning(
                "metrics.shard_away", extra={"shard": shard, "error": type(error).__name__}
            )
            up.add_metric([str(shard)], 0)
            continue
        up.add_metric([str(shard)], 1)
        events.add_metric([str(shard)], lag.events)
        seconds.add_metric([str(shard)], lag.seconds)
    yield from (up, events, seconds)
