"""One attempt to deliver: a POST whose answer has to be there by a deadline."""

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import SplitResult, quote, urlsplit

from emulators.amocrm.hooks.ladders import NO_ANSWER

USER_AGENT = "amoCRM-WebHook-client/1.0"
MAX_HEAD_BYTES = 64 * 1024  # of an answer; a longer one is none
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_END_OF_HEAD = b"\r\n\r\n"


class Poster:
    """Remembers its open connections, so that they can be ended from outside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._ended = False

    def post(self, url: str, body: bytes, *, seconds: float) -> int:
        """The status of the answer; NO_ANSWER when there is none, or none in time."""
        deadline = time.monotonic() + seconds
        parts = urlsplit(url)
        try:
            with self._connected(parts, deadline) as connection:
                connection.settimeout(_left(deadline))
                connection.sendall(_head(parts, len(body)) + body)
                return _status(connection, deadline)
        except (OSError, ValueError):  # nobody there, no such name, hung up, no TLS; time is up
            return NO_ANSWER

    def hang_up(self) -> None:
        """For good."""
        with self._lock:
            self._ended = True
            for connection in self._open:
                with contextlib.suppress(OSError):  # the other side was faster
                    connection.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _connected(self, parts: SplitResult, deadline: float) -> Iterator[socket.socket]:
        secure = parts.scheme == "https"
        address = (parts.hostname or "", parts.port or (443 if secure else 80))
        with contextlib.ExitStack() as closing:
            connection = closing.enter_context(
                socket.create_connection(address, timeout=_left(deadline))
            )
            if secure:
                context = ssl.create_default_context()
                connection = closing.enter_context(
                    context.wrap_socket(connection, server_hostname=parts.hostname)
                )
            with self._lock:
                if self._ended:
                    raise ConnectionAbortedError
                self._open.add(connection)
            try:
                yield connection
            finally:
                with self._lock:
                    self._open.discard(connection)


def _head(parts: SplitResult, length: int) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = quote(target, safe="/?%:@!$&'()*+,;=-._~")
    lines = (
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Connection: close",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {length}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _status(connection: socket.socket, deadline: float) -> int:
    """Once the head of the answer is there; what else it has to say does not matter."""
    read = b""
    while _END_OF_HEAD not in read:
        connection.settimeout(_left(deadline))
        chunk = connection.recv(MAX_HEAD_BYTES)
        read += chunk
        if not chunk or len(read) > MAX_HEAD_BYTES:
            return NO_ANSWER
    match = _STATUS.match(read)
    return int(match[1]) if match else NO_ANSWER


def _left(deadline: float) -> float:
    """Seconds until then. TimeoutError: none are left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
