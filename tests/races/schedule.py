"""Threads that stop where the test wants them to, and go on when it has done what it wants between."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection

from tests.waiting import wait_until

T = TypeVar("T")
SECONDS = 30.0  # until a thread has come to its halt, and for which it waits there


class Halt:
    """A place where whoever comes waits; later ones find it open."""

    def __init__(self) -> None:
        self._come = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self._come.set()
        if not self._open.wait(SECONDS):
            raise AssertionError(f"nobody opened the halt within {SECONDS} s")

    @property
    def is_reached(self) -> bool:
        return self._come.is_set()

    def open(self) -> None:
        self._open.set()


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Future[T]]:
    """A thread does the work; it is done when the block is left."""

    def carry_out() -> T:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(carry_out)


@contextmanager
def halted(work: Callable[[Halt], T]) -> Iterator[Future[T]]:
    """While the block runs, a thread that does the work stands at its halt; then it is carried on.

    The future is done when the block is left.
    """
    halt = Halt()
    with beside(lambda: work(halt)) as future:
        try:
            wait_until(
                lambda: halt.is_reached or future.done(), seconds=SECONDS, what="a thread's halt"
            )
            assert halt.is_reached, future.result()
            yield future
        finally:
            halt.open()
