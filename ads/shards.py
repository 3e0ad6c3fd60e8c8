"""Which shard the present work is about: said explicitly, and an error where nobody has said it.

The shard lives in a context variable. A new thread and a Celery task begin without one, so a task
carries its shard (or its client) as an argument.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.conf import settings
from django.db import Error, transaction
from django.db.transaction import Atomic

from ads.models import Client

logger = logging.getLogger(__name__)
T = TypeVar("T")

_current: ContextVar[int | None] = ContextVar("shard", default=None)


class ShardError(Exception):
    """Rows of a shard were asked for in a way that could reach the wrong database."""


class UnknownClientError(LookupError):
    """Nobody has placed this client on a shard."""


def all_shards() -> tuple[int, ...]:
    """The numbers of the shards, as `clients` names them."""
    return tuple(settings.SHARDS)


def shard_of(client_id: int) -> int:
    """Where the client's rows lie. Raises UnknownClientError.

    Asked each time: a remembered answer would write a moved client's rows into its old shard.
    """
    shard = Client.objects.filter(client_id=client_id).values_list("shard", flat=True).first()
    if shard is None:
        raise UnknownClientError(f"client {client_id} is on no shard")
    return shard


@contextmanager
def use_shard(shard: int) -> Iterator[None]:
    """Inside, models of `ads` and `organizations` are read and written on this shard.

    May be nested for the same shard only: a transaction does not reach over two. Raises ShardError.
    """
    if shard not in settings.SHARDS:
        raise ShardError(f"there is no shard {shard}: SHARD_DATABASE_URLS has {all_shards()}")
    outer = _current.get()
    if outer not in {None, shard}:
        raise ShardError(f"shard {shard} inside of shard {outer}: leave the first one before")
    token = _current.set(shard)
    try:
        yield
    finally:
        _current.reset(token)


def current_alias() -> str:
    """Django's name of the current shard's database. Raises ShardError where there is no shard."""
    shard = _current.get()
    if shard is None:
        raise ShardError("no shard: wrap this in `with use_shard(shard_of(client_id))`")
    alias: str = settings.SHARDS[shard]
    return alias


def atomic() -> Atomic:
    """A transaction on the current shard. Raises ShardError."""
    return transaction.atomic(using=current_alias())


def for_each_shard(work: Callable[[int], T]) -> dict[int, T]:
    """Do `work(shard)` within each shard in turn; what it returned, by shard.

    A shard whose database fails does not keep the others waiting: its error is raised at the end,
    in an ExceptionGroup.
    """
    done: dict[int, T] = {}
    errors: list[Exception] = []
    for shard in all_shards():
        with use_shard(shard):
            try:
                done[shard] = work(shard)
            except Error as error:
                logger.warning("shard.failed", extra={"shard": shard, "error": repr(error)})
                error.add_note(f"on shard {shard}")
                errors.append(error)
    if errors:
        raise ExceptionGroup("shards failed", errors)
    return done
