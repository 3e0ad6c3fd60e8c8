"""What the client sends and what the emulator answers, held against docs/contracts."""

from contextlib import closing

from clients.calls import Answer, Call
from clients.directory.client import Directory
from clients.directory.fields import Field
from clients.single_flight import RedisSingleFlight
from tests.clients.contracts import Overheard, assert_all_said_is_promised
from tests.clients.directory.conftest import Emulated, hedged

FIRST = 1_000_000_001
NOBODY = 5


def test_everything_that_is_said_is_in_the_contract(
    emulated: Emulated, flights: RedisSingleFlight
) -> None:
    heard: list[tuple[Call, Answer]] = []

    class Kept(Overheard):
        def close(self) -> None:
            heard.extend(self.exchanges)
            super().close()

    with closing(hedged(emulated.server.url, connect=Kept)) as service:
        directory = Directory(service, flights=flights)
        directory.bulk([FIRST, FIRST + 9, NOBODY], fields=Field)
        directory.preview([FIRST], fields=Field)
        directory.search("", fields=Field)
        directory.search("", region=1)
        directory.owns(uid=1, permalink=FIRST)
        directory.owns(uid=1, permalink=NOBODY)
        directory.counters([FIRST, FIRST + 1, NOBODY])
    assert_all_said_is_promised("directory", heard)
