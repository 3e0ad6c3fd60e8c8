"""Hedged calls over real sockets: nothing is left of those that lost."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from clients.calls import Call
from clients.hedging.driver import MOST_THREADS
from clients.hedging.policy import HedgePolicy
from clients.hedging.service import HedgedService
from clients.hedging.unavailable import UnavailableError
from emulators.directory.service import DirectoryService
from emulators.server import start
from tests.clients.directory.conftest import Emulated, hedged
from tests.clients.scripted_server import Peer, ScriptedServer, reply
from tests.waiting import wait_until

CALLS = 1000
CALLERS = 10
CALL = Call("GET", "/v1/metrika", params=(("permalinkIds", "1"),))
QUICK = HedgePolicy(attempt_timeout=2.0, soft_timeout=0.02, retries=2, max_in_flight=3)
USUAL = HedgePolicy(attempt_timeout=2.0, soft_timeout=0.5, retries=2, max_in_flight=3)


def ask(service: HedgedService, policy: HedgePolicy) -> int:
    errand = service.errand(CALL, len, endpoint="metrika", policy=policy)
    return service.ask([errand], until=None)[0]


@pytest.mark.requirement("R87")
def test_a_thousand_hedged_calls_leave_nothing_behind() -> None:
    server = start(DirectoryService(seed=1))
    emulated = Emulated(server)
    emulated.script({"kind": "hang"})  # each call's first attempt
    threads, connections = threading.active_count(), server.connections
    with closing(hedged(server.url)) as service, ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(lambda _: ask(service, QUICK), range(CALLS)))
        # the losers' sockets are closed, the winners' are kept: eight at most
        wait_until(
            lambda: server.connections <= connections + 8,
            seconds=5,
            what=f"{server.connections} connections",
        )
        assert emulated.asked()["metrika"] >= 2 * CALLS
        named = [each for each in threading.enumerate() if each.name.startswith("directory-att")]
        assert len(named) <= MOST_THREADS
    wait_until(lambda: server.connections <= connections, seconds=5, what="connections closed")
    wait_until(lambda: threading.active_count() <= threads, seconds=5, what="threads ended")
    server.stop()


@pytest.mark.requirement("R87")
def test_when_all_hang_it_is_over_after_three_seconds() -> None:
    server = start(DirectoryService(seed=1))
    Emulated(server).script({"kind": "hang"}, forever=True)
    with closing(hedged(server.url)) as service:
        began = time.monotonic()
        with pytest.raises(UnavailableError) as failed:
            ask(service, USUAL)
        assert time.monotonic() - began == pytest.approx(3.0, abs=0.1)
        assert [each.number for each in failed.value.tries] == [0, 1, 2]
        wait_until(lambda: server.connections == 0, seconds=2, what="all closed")
    server.stop()


def test_the_losers_connection_is_closed_at_once() -> None:
    gone = threading.Event()

    def hangs(peer: Peer) -> None:
        peer.request()
        if peer.gone():
            gone.set()

    answers = ScriptedServer((hangs, lambda peer: peer.answer(reply())))
    with answers as server, closing(hedged(server.url)) as service:
        began = time.monotonic()
        assert ask(service, QUICK) == 0
        assert gone.wait(1.0)
        assert time.monotonic() - began < 1.0


def test_a_kept_connection_serves_the_next_call() -> None:
    with ScriptedServer((lambda peer: peer.answer(reply(), reply()),)) as server:
        with closing(hedged(server.url)) as service:
            assert [ask(service, USUAL), ask(service, USUAL)] == [0, 0]
        assert server.connections == 1


def test_a_mistake_of_ours_comes_to_its_caller() -> None:
    answers = ScriptedServer((lambda peer: peer.answer(reply()),))
    with answers as server, closing(hedged(server.url)) as service:
        errand = service.errand(CALL, lambda _: 1 // 0, endpoint="metrika", policy=USUAL)
        with pytest.raises(ZeroDivisionError):
            service.ask([errand], until=None)
