"""The same work in several threads at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
START_SECONDS = 10.0  # until all threads have come


def at_once(work: Callable[[], T], *, threads: int) -> list[T]:
    """The results; the first exception is raised."""
    barrier = threading.Barrier(threads)

    def run() -> T:
        try:
            barrier.wait(START_SECONDS)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(run) for _ in range(threads)]
        return [future.result() for future in futures]
