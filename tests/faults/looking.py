"""Waiting for something to hit, and choosing among what is there."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
import redis
from django.db import Error, connection

from tests.waiting import wait_until

PATIENCE = 6.0  # seconds for something to hit to come along
T = TypeVar("T")


def pick(found: Sequence[T], chance: float) -> T:
    """One of them, by chance."""
    return found[int(chance * len(found)) % len(found)]


def soon(look: Callable[[], list[Any]], *, seconds: float = PATIENCE) -> list[Any]:
    """What is found within the patience; nothing where nothing comes."""
    found: list[Any] = []

    def is_there() -> bool:
        try:
            found[:] = look()
        except (OSError, redis.RedisError, psycopg.Error):
            return False
        except Error:
            connection.close()
            return False
        return bool(found)

    try:
        wait_until(is_there, seconds=seconds, what="something to hit")
    except AssertionError:
        return []
    return found
