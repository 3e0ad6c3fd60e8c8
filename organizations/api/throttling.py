"""How often a token may ask: a bucket in Redis, one key per token that expires when it is full."""

import logging
import os
from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from organizations.api_tokens import Caller

logger = logging.getLogger(__name__)

BURST_SECONDS = 5  # so many seconds' worth at once: a page that opens asks several times
REDIS_SECONDS = 0.3  # to connect, and to answer; every request waits for it
MOST_SERVERS = 4  # a process has one; tests have a few

# The moment at which the bucket is full again (GCRA), in microseconds by Redis' own clock.
# 0: come in; otherwise microseconds to wait. The key goes when it says nothing any more.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local gap, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if full + gap - now > burst then return full + gap - now - burst end
redis.call('SET', KEYS[1], string.format('%.0f', full + gap), 'PX', math.ceil((full + gap - now) / 1000))
return 0
"""


class PerToken(BaseThrottle):
    """Without Redis everybody comes in: it protects from eager programs, not from enemies."""

    _wait = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's
        """Who has no token is refused elsewhere."""
        if not isinstance(request.user, Caller):
            return True
        gap = 1_000_000 / settings.ORGANIZATIONS_API_RATE
        burst = max(gap, BURST_SECONDS * 1_000_000)
        server = _server(os.getpid(), settings.REDIS_URL)
        try:
            waits = server.eval(
                TAKE, 1, f"throttle:organizations:{request.user.token_id}", gap, burst
            )
        except RedisError as error:
            logger.warning("api.not_throttled", extra={"error": type(error).__name__})
            return True
        self._wait = int(waits) / 1_000_000
        return not waits

    def wait(self) -> float:
        """Seconds until the next request would come in."""
        return self._wait


@lru_cache(maxsize=MOST_SERVERS)
def _server(_process: int, redis_url: str) -> redis.Redis:
    """By process, since a forked child must not use its parent's connections."""
    return redis.Redis.from_url(
        redis_url,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 1),  # a connection that was closed while idle
    )
