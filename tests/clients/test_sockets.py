"""The gate in front of the first byte, without a server around it."""

import math
import socket
import time
from collections.abc import Iterator

import pytest

from clients.pacing import Slot
from clients.sockets import Departure, NotDepartedError, PacedSocket
from tests.clients.recording_pace import missed, now


@pytest.fixture
def ends() -> Iterator[tuple[PacedSocket, socket.socket]]:
    """Ours and theirs."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    yield PacedSocket(ours), theirs
    ours.close()
    theirs.close()


def departure(slot: Slot, *, not_after: float = math.inf, seconds: float = 1.0) -> Departure:
    return Departure(slot, not_after, seconds)


def nothing_came(theirs: socket.socket) -> bool:
    try:
        return theirs.recv(1) == b""
    except BlockingIOError:
        return True


def test_what_is_sent_in_time_arrives(ends: tuple[PacedSocket, socket.socket]) -> None:
    ours, theirs = ends
    leaving = departure(now())
    ours.hold_until(leaving)
    ours.sendall(b"GET")
    ours.sendall(b" /")
    assert theirs.recv(10) == b"GET /"
    assert leaving.sent_at is not None


@pytest.mark.parametrize(
    "late", [departure(missed()), departure(now(), not_after=time.monotonic() - 1)]
)
def test_what_is_late_does_not_leave(
    ends: tuple[PacedSocket, socket.socket], late: Departure
) -> None:
    ours, theirs = ends
    ours.hold_until(late)
    with pytest.raises(NotDepartedError):
        ours.sendall(b"GET /")
    assert late.sent_at is None
    assert nothing_came(theirs)


@pytest.mark.parametrize("last_word", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_nothing_leaves_on_a_dropped_connection(
    ends: tuple[PacedSocket, socket.socket], last_word: bytes
) -> None:
    ours, theirs = ends
    theirs.sendall(last_word)
    theirs.shutdown(socket.SHUT_WR)
    leaving = departure(now())
    ours.hold_until(leaving)
    with pytest.raises(NotDepartedError, match="dropped"):
        ours.sendall(b"GET /")
    assert leaving.sent_at is None
    assert nothing_came(theirs)


def test_nothing_leaves_that_nobody_asked_for(ends: tuple[PacedSocket, socket.socket]) -> None:
    ours, theirs = ends
    with pytest.raises(NotDepartedError):
        ours.sendall(b"GET /")
    assert nothing_came(theirs)


def test_connection_that_spoke_unasked_stays_dropped(
    ends: tuple[PacedSocket, socket.socket],
) -> None:
    ours, theirs = ends
    assert not ours.is_dropped()
    theirs.sendall(b"!")
    assert ours.is_dropped()
    assert ours.is_dropped()
