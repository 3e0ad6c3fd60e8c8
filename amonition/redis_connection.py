"""A connection to Redis for looking at it: short-lived, and never waited for."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

ANSWER_SECONDS = 2.0  # to connect, and to answer; a Redis that works needs a millisecond


def open_redis() -> redis.Redis:
    """To be used as a context manager. Its commands raise redis.exceptions.RedisError."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
