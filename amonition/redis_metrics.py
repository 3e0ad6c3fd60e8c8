"""What Redis knows: how long the queues are, what the Directory costs, how fast amoCRM may be asked."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from amonition import directory_metrics
from amonition.redis_connection import open_redis
from clients.pacing import Lane
from crm import configuration, connection
from webhooks import spool

QUEUES = ("interactive", "bulk", "maintenance", "organizations")


def measure_broker() -> Iterator[Metric]:
    """Messages that no worker has taken yet, webhooks that no database took, and what processes
    counted of the Directory. Raises RedisError.
    """
    with open_redis() as server, server.pipeline(transaction=False) as pipeline:
        for queue in QUEUES:
            pipeline.llen(queue)  # how kombu keeps a queue: a list of its name
        pipeline.llen(spool.KEY)
        *lengths, spooled = pipeline.execute()
        of_directory = list(directory_metrics.measure(server))
    family = GaugeMetricFamily("amonition_queue_messages", "Waiting messages", labels=["queue"])
    for queue, length in zip(QUEUES, lengths, strict=True):
        family.add_metric([queue], length)
    yield family
    text = "Requests of amoCRM that wait in Redis for PostgreSQL"
    yield GaugeMetricFamily("amonition_webhooks_spooled", text, value=spooled)
    yield from of_directory


def measure_pace() -> Iterator[Metric]:
    """The limiter of amoCRM, where an account is configured. Raises PaceUnavailableError."""
    if not configuration.is_complete():
        return
    state = connection.pace().state()
    gauges = {
        "open": ("1: requests may be sent; 0: blocked, or not opened yet", state.open),
        "blocked": ("1: amoCRM has blocked us, an operator has to lift it", bool(state.blocked)),
        "frozen_seconds": ("What is left of the pause after a 429", state.frozen_seconds),
        "bulk_slowed_seconds": (
            "What is left of the push's slow-down to two requests of seven",
            state.bulk_slowed_seconds,
        ),
        "speed_ratio": ("Share of the allowed rate in force", state.speed),
        "slots_ahead": ("Slots given out whose moment is still to come", state.slots_ahead),
    }
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(f"amonition_limiter_{name}", text, value=value)
    yield _per_lane("granted", "Slots given out", state.granted)
    yield _per_lane("refused", "Requests for a slot that got none", state.refused)
    yield _per_lane("waited_seconds", "Time from asking to the slot", state.waited_seconds)
    yield CounterMetricFamily(
        "amonition_limiter_burned", "Slots too late to be used", value=state.burned
    )
    yield CounterMetricFamily(
        "amonition_limiter_rate_limited", "Answers 429", value=state.rate_limited
    )


def _per_lane(name: str, text: str, values: Mapping[Lane, float]) -> Metric:
    family = CounterMetricFamily(f"amonition_limiter_{name}", text, labels=["lane"])
    for lane, value in values.items():
        family.add_metric([lane.value], value)
    return family
