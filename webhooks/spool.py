"""A bounded list in Redis that takes webhook bodies while PostgreSQL is away.

An entry begins with its id, 36 characters, and the moment it came on Redis' clock. Only what is
first in the list and has the id that was read is dropped: two loaders at once lose nothing.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEY = "amonition:webhooks:spool"
SIZE_KEY = "amonition:webhooks:spool:bytes"
MOST_BYTES = 64 * 2**20  # of bodies: ten minutes of 50 hooks/s of 2 KB
MOST_ENTRIES = 50_000
SECONDS = 0.25  # to connect, and to answer: amoCRM waits for two
ID_CHARACTERS = 36
STAMP_CHARACTERS = 20

PUSH = """
local size = tonumber(redis.call('GET', KEYS[2]) or '0')
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[3]) or size + #ARGV[2] > tonumber(ARGV[4]) then
    return 0
end
local now = redis.call('TIME')
local stamp = string.format('%020d', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('RPUSH', KEYS[1], ARGV[1] .. stamp .. ARGV[2])
redis.call('INCRBY', KEYS[2], #ARGV[2])
return 1
"""
DROP = """
local first = redis.call('LINDEX', KEYS[1], 0)
if not first or string.sub(first, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('LPOP', KEYS[1])
redis.call('DECRBY', KEYS[2], #first - #ARGV[1] - tonumber(ARGV[2]))
if redis.call('LLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """`age`: seconds since it came."""

    id: UUID
    content: bytes
    age: float


def push(entry_id: UUID, content: bytes) -> bool:
    """Append; False where Redis is away or the list is full."""
    try:
        return bool(_run(PUSH, str(entry_id), content, MOST_ENTRIES, MOST_BYTES))
    except redis.RedisError as error:
        logger.warning("spool.away", extra={"error": type(error).__name__})
        return False


def peek(most: int) -> Iterator[Entry]:
    """The first entries, one after the other as they are dropped; none where Redis is away."""
    for _ in range(most):
        try:
            first: Any = _server(os.getpid(), settings.REDIS_URL).lindex(KEY, 0)
            now: Any = _server(os.getpid(), settings.REDIS_URL).time()
        except redis.RedisError as error:
            logger.warning("spool.away", extra={"error": type(error).__name__})
            return
        if first is None:
            return
        stamp = int(first[ID_CHARACTERS : ID_CHARACTERS + STAMP_CHARACTERS])
        age = now[0] + now[1] / 1e6 - stamp / 1000
        yield Entry(
            id=UUID(first[:ID_CHARACTERS].decode()),
            content=first[ID_CHARACTERS + STAMP_CHARACTERS :],
            age=max(0.0, age),
        )


def drop(entry_id: UUID) -> None:
    """Forget the first entry, if it is this one. Where Redis is away it comes again, harmlessly."""
    try:
        _run(DROP, str(entry_id), STAMP_CHARACTERS)
    except redis.RedisError as error:
        logger.warning("spool.away", extra={"error": type(error).__name__})


def length() -> int:
    """How many requests wait in Redis. Raises redis.RedisError."""
    found: Any = _server(os.getpid(), settings.REDIS_URL).llen(KEY)
    return int(found)


def clear() -> None:
    """Throw everything away. For tests; raises redis.RedisError."""
    _server(os.getpid(), settings.REDIS_URL).delete(KEY, SIZE_KEY)


def _run(script: str, *arguments: object) -> int:
    server: Any = _server(os.getpid(), settings.REDIS_URL)
    return int(server.eval(script, 2, KEY, SIZE_KEY, *arguments))


@lru_cache(maxsize=4)
def _server(_process: int, url: str) -> redis.Redis:
    """By process: a forked child must not share its parent's sockets."""
    return redis.Redis.from_url(
        url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 1),  # a connection that was closed while idle is opened anew
    )
