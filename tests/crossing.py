"""Interleavings that do not depend on luck: works that start while somebody keeps a lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction

from tests.waiting import wait_until

BLOCKED = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
SECONDS = 30.0  # until everybody waits or is done


def behind(
    hold: Callable[[], object],
    works: Sequence[Callable[[], object]],
    *,
    meanwhile: Callable[[], object] = lambda: None,
    using: str = DEFAULT_DB_ALIAS,
) -> list[object]:
    """What each work returned, or the database error that it met.

    They start within a transaction of `hold`, which is committed once each of them is done or
    waits for a lock; before that `meanwhile` is called in it.
    """
    with ThreadPoolExecutor(len(works)) as pool:
        with transaction.atomic(using=using):
            hold()
            futures = [pool.submit(_result, work) for work in works]
            wait_until(lambda: _are_stuck(futures), seconds=SECONDS, what="works that wait")
            meanwhile()
        return [future.result() for future in futures]


def _result(work: Callable[[], object]) -> object:
    try:
        return work()
    except Error as error:
        return error
    finally:
        connections.close_all()


def _are_stuck(futures: Sequence[Future[object]]) -> bool:
    running = sum(not future.done() for future in futures)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(BLOCKED)
        row = cursor.fetchone()
    return running == (row[0] if row else 0)
