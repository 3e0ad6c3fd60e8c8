"""The one pace of our integration, for every process that talks to amoCRM."""

import os
from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from clients.limiter import RedisPace
from clients.limiter_tuning import Tuning
from crm import configuration

REDIS_SECONDS = 2.0  # to connect, and to answer; a slower Redis keeps no time anyway
REDIS_RETRIES = 1  # a connection that was closed while idle is opened anew, once
FREE_RATE = 500  # requests/s: far over what any account is sold, so it stands for "no limit"
FREE_TOLERANCE = 1.0  # seconds; where nobody counts, a late slot harms nobody
MOST_PACES = 8  # a process has one; tests have a few


def pace() -> RedisPace:
    """The limiter, shared by the threads of this process. Raises CrmNotConfiguredError."""
    name = configuration.read().integration
    return _pace(os.getpid(), settings.REDIS_URL, name, settings.AMOCRM_RATE)


@lru_cache(maxsize=MOST_PACES)
def _pace(_process: int, redis_url: str, name: str, rate: float) -> RedisPace:
    """By process, since a forked child must not use its parent's locks."""
    server = redis.Redis.from_url(
        redis_url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), REDIS_RETRIES),
    )
    tuning = Tuning() if rate < FREE_RATE else Tuning(tolerance=FREE_TOLERANCE)
    return RedisPace(redis=server, name=name, rate=rate, tuning=tuning)
