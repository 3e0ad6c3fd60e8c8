"""A socket that lets nothing out before its slot, and lets nothing last for ever.

A plain `timeout=` bounds each operation on the socket: a server that sends one byte a second, in
the headers or in the body, holds such a call as long as it likes. Here one deadline bounds
everything from the first byte of the request to the last one of the answer.
"""

import contextlib
import io
import socket
import ssl
import time
from dataclasses import dataclass

from clients.pacing import Slot


class NotDepartedError(Exception):
    """The first byte was held back for good: nothing was sent.

    No OSError: urllib3 would take that for a failure of the network, and swallow some.
    """


@dataclass(slots=True)
class Departure:
    """When the first byte of one request may leave, and when it did; all on the monotonic clock.

    `not_after`: no first byte after this moment, whatever the slot allows.
    `seconds`: from the first byte of the request to the last one of the answer.
    """

    slot: Slot
    not_after: float
    seconds: float
    sent_at: float | None = None

    def wait(self) -> None:
        """Until the slot's moment."""
        ahead = self.slot.at - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)

    def check(self) -> float:
        """The present moment, if a first byte may leave now."""
        now = time.monotonic()
        if now >= self.slot.late_after:
            raise NotDepartedError("the slot was missed")
        if now > self.not_after:
            raise NotDepartedError("the sent-mark grew too old")
        return now

    def seconds_left(self) -> float:
        """What the next operation may take."""
        if self.sent_at is None:
            raise NotDepartedError("nothing was sent")
        left = self.sent_at + self.seconds - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"not complete within {self.seconds:g} s")
        return left


class PacedSocket:
    """A connected socket, TLS or not, as http.client and urllib3 use one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._departure: Departure | None = None
        self._dropped = False

    def hold_until(self, departure: Departure) -> None:
        """The next request's first byte waits for this."""
        self._departure = departure

    def sendall(self, data: bytes) -> None:
        """Send within the deadline; a request's first byte passes the gate before."""
        departure = self._expected()
        if departure.sent_at is None:
            departure.wait()
            if self.is_dropped():
                raise NotDepartedError("the connection was dropped")
            departure.sent_at = departure.check()
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(departure.seconds_left())
            rest = rest[self._sock.send(rest) :]

    def receive_into(self, buffer: memoryview, file: socket.SocketIO) -> int | None:
        """One read of the answer, within the deadline."""
        self._sock.settimeout(self._expected().seconds_left())
        return file.readinto(buffer)

    def is_dropped(self) -> bool:
        """Whether an idle connection is of no more use: closed, reset, or talking unasked.

        Reading is the only sure question. "Is there something to read" would take the session
        tickets that follow a TLS 1.3 handshake for the other end's goodbye.
        """
        if not self._dropped:
            self._sock.settimeout(0)
            try:
                self._sock.recv(1)
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            except OSError:
                pass
            self._dropped = True
        return True

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client reads the answer from."""
        return io.BufferedReader(_Reader(self, self._sock.makefile("rb", buffering=0)))

    def settimeout(self, _seconds: float | None) -> None:
        """Not urllib3's to say: the deadline rules."""

    def shutdown(self, how: int) -> None:
        """End one or both directions."""
        self._sock.shutdown(how)

    def abort(self) -> None:
        """From another thread: whoever reads or writes here has come to the end.

        The plain socket's shutdown, as TLS would change its object under the reader's hands.
        """
        with contextlib.suppress(OSError):  # gone by itself
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close, as soon as the last file made of it is closed too."""
        self._sock.close()

    def _expected(self) -> Departure:
        if self._departure is None:
            raise NotDepartedError("nobody asked for this request")
        return self._departure


class _Reader(io.RawIOBase):
    """The bytes of one answer."""

    def __init__(self, paced: PacedSocket, file: socket.SocketIO) -> None:
        self._paced = paced
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # narrower
        return self._paced.receive_into(buffer, self._file)

    def close(self) -> None:
        self._file.close()
        super().close()
