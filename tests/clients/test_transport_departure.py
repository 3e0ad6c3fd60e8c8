"""When the first byte leaves: the connection, the slot, the sent-mark, the last look."""

import math
import threading
import time

import pytest

from clients.errors import NotSentError
from clients.pacing import Lane, LaneClosedError, NoSlotError, PacingError
from clients.transport import ROUNDS
from tests.clients.recording_pace import RecordingPace, ahead, missed, now
from tests.clients.scripted_server import Peer, Script, leave, reply
from tests.clients.talking import CREATE, READ, answering, talking
from tests.waiting import wait_until

ON_TIME = 2.0  # seconds after a slot; a quiet machine needs less than a millisecond


def test_first_byte_leaves_at_the_slot() -> None:
    pace = RecordingPace([ahead(0.15)])
    with talking(answering(reply()), pace=pace) as (transport, server):
        answer = transport.call(READ, lane=Lane.BULK)
        [slot] = pace.reserved
        assert slot.at <= answer.sent_at <= slot.at + ON_TIME
        assert server.requests[0].at >= slot.at


def test_connection_is_open_before_the_slot_is_taken() -> None:
    pace = RecordingPace()
    with talking(answering(reply()), pace=pace) as (transport, server):
        pace.on_reserve = lambda: wait_until(
            lambda: server.connections == 1, seconds=2, what="connected before the slot"
        )
        transport.call(READ, lane=Lane.BULK)


def test_no_connection_takes_no_slot() -> None:
    pace = RecordingPace()
    with talking(pace=pace) as (transport, server):
        server.stop()
        with pytest.raises(NotSentError):
            transport.call(READ, lane=Lane.BULK)
        assert pace.reserved == []


def test_missed_slot_is_burned_and_the_next_one_used() -> None:
    pace = RecordingPace([missed, missed, now])
    with talking(answering(reply()), pace=pace) as (transport, server):
        transport.call(CREATE, lane=Lane.BULK)
        assert pace.burned == pace.reserved[:2]
        assert (server.connections, len(server.requests)) == (1, 1)


def test_slot_missed_while_the_mark_was_made_is_burned() -> None:
    pace = RecordingPace([ahead(0.05, tolerance=0.02)])
    marked: list[float] = []

    def slow_mark() -> float:
        wait_until(
            lambda: time.monotonic() > pace.reserved[0].late_after, seconds=2, what="slot is late"
        )
        marked.append(time.monotonic())
        return math.inf

    with talking(answering(reply()), pace=pace) as (transport, server):
        transport.call(CREATE, lane=Lane.BULK, before_first_byte=slow_mark)
        assert pace.burned == pace.reserved[:1]
        assert len(marked) == len(server.requests) == 1


def test_call_gives_up_after_some_missed_slots_with_nothing_sent() -> None:
    pace = RecordingPace([missed] * 100)
    with talking(answering(reply()), pace=pace) as (transport, server):
        with pytest.raises(NotSentError):
            transport.call(CREATE, lane=Lane.BULK)
        assert len(pace.burned) == ROUNDS
        assert server.requests == []


def test_patience_is_for_all_slots_together() -> None:
    pace = RecordingPace([ahead(0.2, tolerance=-0.1), now])
    with talking(answering(reply()), pace=pace) as (transport, _):
        transport.call(READ, lane=Lane.BULK, patience=5.0)
        first, second = pace.patiences
        assert 4.0 < first <= 5.0
        assert second < first - 0.1


@pytest.mark.parametrize("error", [NoSlotError("busy", retry_after=3), LaneClosedError("closed")])
def test_no_slot_is_the_callers_to_handle(error: PacingError) -> None:
    with talking(answering(reply()), pace=RecordingPace([error])) as (transport, server):
        with pytest.raises(type(error)) as raised:
            transport.call(CREATE, lane=Lane.BULK)
        assert raised.value is error
        assert server.requests == []


def test_connection_outlives_a_refused_slot() -> None:
    pace = RecordingPace([LaneClosedError("closed"), now])
    with talking(answering(reply()), pace=pace) as (transport, server):
        with pytest.raises(LaneClosedError):
            transport.call(READ, lane=Lane.BULK)
        transport.call(READ, lane=Lane.BULK)
        assert server.connections == 1


def test_mark_is_made_shortly_before_the_first_byte() -> None:
    pace = RecordingPace([ahead(0.2)])
    marked: list[float] = []

    def mark() -> float:
        marked.append(time.monotonic())
        return time.monotonic() + 2

    with talking(answering(reply()), pace=pace) as (transport, _):
        answer = transport.call(CREATE, lane=Lane.BULK, before_first_byte=mark)
        [slot], [at] = pace.reserved, marked
        assert slot.at - 0.025 <= at <= answer.sent_at


class MarkFailedError(OSError):
    """Like a lost database, and of the one family of errors that urllib3 swallows."""


def test_failed_mark_sends_nothing_and_passes_through() -> None:
    error = MarkFailedError()

    def mark() -> float:
        raise error

    with talking(lambda peer: seen.append(peer.gone())) as (transport, server):
        seen: list[bool] = []
        with pytest.raises(MarkFailedError) as raised:
            transport.call(CREATE, lane=Lane.BULK, before_first_byte=mark)
        transport.close()
        wait_until(lambda: seen == [True], seconds=2, what="closed without a byte")
        assert raised.value is error
        assert server.requests == []


def test_mark_that_grew_too_old_is_made_again() -> None:
    pace = RecordingPace()
    bounds = iter([-math.inf, time.monotonic() + 60])

    with talking(answering(reply()), pace=pace) as (transport, server):
        transport.call(CREATE, lane=Lane.BULK, before_first_byte=lambda: next(bounds))
        assert list(bounds) == []
        assert pace.burned == pace.reserved[:1]
        assert len(server.requests) == 1


def test_mark_that_ends_before_the_next_slot_is_made_again() -> None:
    pace = RecordingPace([missed, ahead(0.5)])
    marked: list[float] = []

    def mark() -> float:
        marked.append(time.monotonic())
        return time.monotonic() + 0.4

    with talking(answering(reply()), pace=pace) as (transport, _):
        answer = transport.call(CREATE, lane=Lane.BULK, before_first_byte=mark)
        assert len(marked) == 2
        assert marked[1] >= pace.reserved[1].at - 0.025
        assert answer.sent_at <= marked[1] + 0.4


def test_mark_that_still_holds_is_not_made_again() -> None:
    pace = RecordingPace([missed, missed, now])
    marked: list[float] = []

    def mark() -> float:
        marked.append(time.monotonic())
        return time.monotonic() + 60

    with talking(answering(reply()), pace=pace) as (transport, _):
        transport.call(CREATE, lane=Lane.BULK, before_first_byte=mark)
        assert len(marked) == 1


def test_call_gives_up_on_marks_that_never_hold() -> None:
    with talking(answering(reply())) as (transport, server):
        with pytest.raises(NotSentError):
            transport.call(CREATE, lane=Lane.BULK, before_first_byte=lambda: -math.inf)
        assert server.requests == []


def finish(peer: Peer) -> None:
    peer.answer(reply())


def finish_with_a_reset(peer: Peer) -> None:
    peer.answer(reply())
    peer.reset()


def finish_with_a_last_word(peer: Peer) -> None:
    peer.answer(reply())
    peer.pause(0.1)  # or the client reads it together with the answer
    peer.send(reply(b"", "408 Request Timeout"))


@pytest.mark.parametrize("end", [finish, finish_with_a_reset, finish_with_a_last_word])
def test_idle_connection_that_was_dropped_is_opened_again(end: Script) -> None:
    with talking(end, answering(reply(b'{"a":1}'))) as (transport, server):
        transport.call(READ, lane=Lane.BULK)
        wait_until(lambda: server.finished == 1, seconds=2, what="the connection is dropped")
        assert transport.call(CREATE, lane=Lane.BULK).body == b'{"a":1}'
        assert [arrived.line[:4] for arrived in server.requests] == ["GET ", "POST"]


def test_connection_dropped_while_waiting_is_opened_again() -> None:
    pace = RecordingPace()
    enough = threading.Event()

    def answer_once(peer: Peer) -> None:
        peer.answer(reply())
        enough.wait(5)

    with talking(answer_once, answering(reply()), pace=pace) as (transport, server):
        transport.call(READ, lane=Lane.BULK)

        def drop() -> None:
            enough.set()
            wait_until(lambda: server.finished >= 1, seconds=2, what="the connection is dropped")

        pace.on_reserve = drop
        transport.call(CREATE, lane=Lane.BULK)
        assert (server.connections, len(server.requests)) == (2, 2)
        assert pace.burned == pace.reserved[1:2]


def test_server_that_drops_every_connection_is_given_up() -> None:
    pace = RecordingPace()
    with talking(*[leave] * ROUNDS, pace=pace) as (transport, server):
        pace.on_reserve = lambda: wait_until(
            lambda: server.finished > len(pace.reserved), seconds=2, what="dropped again"
        )
        with pytest.raises(NotSentError):
            transport.call(CREATE, lane=Lane.BULK)
        assert server.connections == ROUNDS
        assert server.requests == []
