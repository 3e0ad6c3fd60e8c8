"""What a call is worth after something broke: not sent, unknown, or to be read again."""

import gzip
import socket
import time

import pytest

from clients.calls import Call, Limits
from clients.errors import (
    NotSentError,
    TooLargeError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
)
from clients.pacing import Lane, Unlimited
from clients.transport import Transport
from tests.clients.scripted_server import Peer, Script, leave, reply
from tests.clients.talking import CREATE, QUICK, READ, UPDATE, answering, talking

SLACK = 2.0  # seconds a busy machine may add to a deadline; the servers here go on for longer


def close_after_the_request(peer: Peer) -> None:
    peer.request()


def reset_after_the_request(peer: Peer) -> None:
    peer.request()
    peer.reset()


def reset_in_the_middle_of_the_request(peer: Peer) -> None:
    peer.sock.recv(1)
    peer.reset()


def say_nothing(peer: Peer) -> None:
    peer.request()
    peer.pause(5)


def talk_nonsense(peer: Peer) -> None:
    peer.request()
    peer.send(b"220 mail.example ESMTP\r\n\r\n")


def trickle_the_headers(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
    peer.trickle(b"X-Slow: 1\r\n" * 1000, every=0.05)


def trickle_the_body(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    peer.trickle(b"x" * 1000, every=0.05)


def trickle_chunks(peer: Peer) -> None:
    peer.request()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.trickle(b"1\r\nx\r\n" * 1000, every=0.02)


def go_on_for_ever_with_100(peer: Peer) -> None:
    peer.request()
    peer.trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, every=0.001)


def break_off_the_body(peer: Peer) -> None:
    peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def break_off_the_chunks(peer: Peer) -> None:
    peer.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")


def pack_badly(peer: Peer) -> None:
    peer.answer(reply(b"no gzip", "200 OK", "Content-Encoding: gzip"))
    peer.pause(5)


LOSSES = [
    close_after_the_request,
    reset_after_the_request,
    reset_in_the_middle_of_the_request,
    say_nothing,
    talk_nonsense,
    trickle_the_headers,
    trickle_the_body,
    trickle_chunks,
    go_on_for_ever_with_100,
    break_off_the_body,
    break_off_the_chunks,
    pack_badly,
]


@pytest.mark.parametrize("loss", LOSSES)
def test_read_that_got_lost_may_be_repeated(loss: Script) -> None:
    with talking(loss, answering(reply(b'{"a":1}')), limits=QUICK) as (transport, server):
        with pytest.raises(TransientError):
            transport.call(READ, lane=Lane.BULK)
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert server.connections == 2


@pytest.mark.parametrize("loss", LOSSES)
def test_create_that_got_lost_is_unknown(loss: Script) -> None:
    with talking(loss, limits=QUICK) as (transport, server):
        before = time.monotonic()
        with pytest.raises(UnknownOutcomeError) as lost:
            transport.call(CREATE, lane=Lane.BULK)
        assert not lost.value.repeatable
        assert not lost.value.overloaded
        assert lost.value.sent_at is not None
        assert before <= lost.value.sent_at <= time.monotonic()
        assert server.connections == 1


def test_update_that_got_lost_is_unknown_and_says_that_it_may_be_repeated() -> None:
    with talking(close_after_the_request) as (transport, _):
        with pytest.raises(UnknownOutcomeError) as lost:
            transport.call(UPDATE, lane=Lane.BULK)
        assert lost.value.repeatable


@pytest.mark.parametrize(
    "slow",
    [say_nothing, trickle_the_headers, trickle_the_body, trickle_chunks, go_on_for_ever_with_100],
)
def test_slow_server_holds_a_call_no_longer_than_its_deadline(slow: Script) -> None:
    with talking(slow, limits=QUICK) as (transport, _):
        before = time.monotonic()
        with pytest.raises(TransientError):
            transport.call(READ, lane=Lane.BULK)
        assert QUICK.total_seconds <= time.monotonic() - before < QUICK.total_seconds + SLACK


def test_server_that_does_not_read_holds_a_call_no_longer_than_its_deadline() -> None:
    large = Call("POST", "/things", body=b"x" * 20_000_000, writes=True, repeatable=False)

    def read_slowly(peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.sock.recv(1)
        peer.pause(5)

    with talking(read_slowly, limits=QUICK) as (transport, _):
        before = time.monotonic()
        with pytest.raises(UnknownOutcomeError):
            transport.call(large, lane=Lane.BULK)
        assert time.monotonic() - before < QUICK.total_seconds + SLACK


def test_answer_that_comes_too_late_is_not_taken_for_the_next_one() -> None:
    def answer_late(peer: Peer) -> None:
        peer.request()
        peer.pause(0.8)
        peer.send(reply(b'{"late":1}'))

    with talking(answer_late, answering(reply(b'{"next":1}')), limits=QUICK) as (transport, _):
        with pytest.raises(TransientError):
            transport.call(READ, lane=Lane.BULK)
        assert transport.call(READ, lane=Lane.BULK).body == b'{"next":1}'


def test_answer_before_the_whole_request_was_read_is_heard() -> None:
    large = Call("POST", "/things", body=b"x" * 5_000_000, writes=True, repeatable=False)

    def refuse_early(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(reply(b"", "413 Payload Too Large", "Connection: close"))
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.sock.recv(65536):  # as nginx does, or the reset would overtake the answer
            pass

    with (
        talking(refuse_early, limits=Limits(total_seconds=5)) as (transport, _),
        pytest.raises(TooLargeError),
    ):
        transport.call(large, lane=Lane.BULK)


SMALL = Limits(connect_seconds=1, total_seconds=5, body_bytes=1000)
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"a\r\n0123456789\r\n" * 200
BOMB = reply(gzip.compress(b"0" * 50_000_000), "200 OK", "Content-Encoding: gzip")


@pytest.mark.parametrize("large", [reply(b"0" * 1001), CHUNKS, BOMB], ids=["sized", "chunks", "gz"])
def test_body_over_the_limit_is_not_read(large: bytes) -> None:
    with talking(answering(large), answering(reply()), limits=SMALL) as (transport, server):
        with pytest.raises(UnexpectedAnswerError, match="over 1000 bytes"):
            transport.call(READ, lane=Lane.BULK)
        assert transport.call(READ, lane=Lane.BULK).status == 200
        assert server.connections == 2


def test_body_at_the_limit_is_read() -> None:
    with talking(answering(reply(b"0" * 1000)), limits=SMALL) as (transport, _):
        assert len(transport.call(READ, lane=Lane.BULK).body) == 1000


def test_refused_connection_sent_nothing() -> None:
    with talking(leave) as (transport, server):
        server.stop()
        with pytest.raises(NotSentError) as refused:
            transport.call(CREATE, lane=Lane.BULK)
        assert refused.value.detail == "ConnectionRefusedError: Connection refused"


def test_host_name_that_cannot_exist_sent_nothing() -> None:
    url = f"http://{'a' * 64}.example"  # a label of a name has 63 characters at most
    transport = Transport(service="things", base_url=url, pace=Unlimited())
    with pytest.raises(NotSentError):
        transport.call(CREATE, lane=Lane.BULK)


def test_errors_show_neither_the_query_nor_the_token() -> None:
    asked = Call("GET", "/things", params=[("query", "79001234567")])
    with talking(close_after_the_request, authorise=lambda: "s3cret") as (transport, server):
        with pytest.raises(TransientError) as lost:
            transport.call(asked, lane=Lane.BULK)
        server.stop()
        with pytest.raises(NotSentError) as refused:
            transport.call(asked, lane=Lane.BULK)
    shown = "".join(
        f"{error!s}{error!r}{error.__cause__!r}" for error in (lost.value, refused.value)
    )
    assert "79001234567" not in shown
    assert "s3cret" not in shown
    assert str(lost.value) == "things GET /things: no answer: RemoteDisconnected"


def test_call_in_an_exception_handler_names_its_own_cause() -> None:
    with talking(close_after_the_request) as (transport, _):
        lost = lost_after(KeyError("something else went wrong before"), transport)
    assert lost.detail == "RemoteDisconnected"


def lost_after(earlier: Exception, transport: Transport) -> TransientError:
    try:
        raise earlier
    except type(earlier):
        with pytest.raises(TransientError) as lost:
            transport.call(READ, lane=Lane.BULK)
        return lost.value


def test_deadline_is_named() -> None:
    with (
        talking(say_nothing, limits=QUICK) as (transport, _),
        pytest.raises(TransientError, match="TimeoutError: timed out"),
    ):
        transport.call(READ, lane=Lane.BULK)
