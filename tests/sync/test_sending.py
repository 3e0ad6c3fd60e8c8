"""Threads that send: as many as there are writes on their way, up to a bound."""

import threading
import time
from types import NoneType

from django.db import OperationalError

from clients.amocrm.client import AmoCrm
from clients.pacing import Unlimited
from clients.transport import Transport
from companies.exports import Outcome
from sync.sending import Result, Senders, Write

SECONDS = 30.0


class Connects:
    """Clients of an address where nobody listens, counted."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> AmoCrm:
        with self._lock:
            self.count += 1
        return AmoCrm(Transport(service="amocrm", base_url="http://127.0.0.1:9", pace=Unlimited()))


def answer(_client: AmoCrm, write: Write) -> Result:
    return Result(write, Outcome())


def test_one_write_after_another_needs_one_thread() -> None:
    connects = Connects()
    with Senders(connect=connects, send=answer, until=time.monotonic() + SECONDS) as senders:
        assert connects.count == 0
        for _ in range(3):
            senders.submit(Write())
            assert len(senders.collect(wait=SECONDS)) == 1
    assert connects.count == 1


def test_writes_at_the_same_time_have_a_thread_each_up_to_the_size() -> None:
    connects = Connects()
    together = threading.Barrier(3)  # broken, and every answer an error, with fewer threads

    def send(client: AmoCrm, write: Write) -> Result:
        together.wait(SECONDS)
        return answer(client, write)

    results: list[Result] = []
    with Senders(connect=connects, send=send, until=time.monotonic() + SECONDS, size=3) as senders:
        for _ in range(6):
            senders.submit(Write())
        while senders.in_flight:
            results += senders.collect(wait=SECONDS)
    assert [result.error for result in results] == [None] * 6
    assert connects.count == 3


def test_a_client_that_cannot_be_had_answers_every_write() -> None:
    def refuse() -> AmoCrm:
        raise ConnectionError("not configured")

    with Senders(connect=refuse, send=answer, until=time.monotonic() + SECONDS) as senders:
        for _ in range(6):
            senders.submit(Write())
        results: list[Result] = []
        while senders.in_flight:
            results += senders.collect(wait=SECONDS)
    assert [type(result.error) for result in results] == [ConnectionError] * 6


def test_a_client_that_could_not_be_had_is_asked_for_again_by_the_next_write() -> None:
    connects = Connects()

    def refuse_once() -> AmoCrm:
        client = connects()
        if connects.count == 1:
            client.close()
            raise OperationalError("PostgreSQL is being restarted")
        return client

    with Senders(connect=refuse_once, send=answer, until=time.monotonic() + SECONDS) as senders:
        results: list[Result] = []
        for _ in range(3):
            senders.submit(Write())
            results += senders.collect(wait=SECONDS)
    assert [type(result.error) for result in results] == [OperationalError, NoneType, NoneType]
    assert connects.count == 2
