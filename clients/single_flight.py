"""One process at a time does a certain thing; the others see that somebody is at it."""

from typing import Protocol
from uuid import uuid4

import redis
from redis.exceptions import RedisError

# Only our own mark: after its expiry it may be another's.
LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class FlightsUnavailableError(Exception):
    """Nobody can say who is at what, so nothing may be begun."""


class SingleFlight(Protocol):
    """Shared by all processes."""

    def enter(self, name: str, *, seconds: float) -> str | None:
        """A token: nobody else is at `name`, for at most `seconds`. None: somebody is.

        Raises FlightsUnavailableError.
        """
        ...

    def leave(self, name: str, token: str) -> None:
        """Done. Its failure costs the others the rest of the seconds and raises nothing."""
        ...


class RedisSingleFlight:
    """SET NX with an expiry; safe to share between threads. Timeouts are those of the client given."""

    def __init__(self, server: redis.Redis) -> None:
        self._redis = server

    def enter(self, name: str, *, seconds: float) -> str | None:
        """See `SingleFlight`."""
        token = uuid4().hex
        try:
            taken = self._redis.set(_key(name), token, nx=True, px=round(seconds * 1000))
        except RedisError as error:
            raise FlightsUnavailableError("the single flight's Redis does not answer") from error
        return token if taken else None

    def leave(self, name: str, token: str) -> None:
        """See `SingleFlight`."""
        try:
            self._redis.eval(LEAVE, 1, _key(name), token)
        except RedisError:
            return  # it expires


def _key(name: str) -> str:
    return f"flight:{name}"
