"""Reading one HTTP/1.1 request from a connection."""

import socket
from collections.abc import Callable
from urllib.parse import unquote

from emulators.messages import Request

MAX_HEAD_BYTES = 64 * 1024  # request line and headers; nginx allows 32 KiB
MAX_BODY_BYTES = 4 * 1024 * 1024  # our clients promise to stay below; more is answered 413
MAX_DRAINED_BYTES = 64 * 1024 * 1024  # read and thrown away, so that the 413 reaches the sender
CHUNK_BYTES = 256 * 1024
_END_OF_HEAD = b"\r\n\r\n"


class BadRequestError(Exception):
    """The bytes are no HTTP/1.1 request; the connection is of no further use."""


class TornError(Exception):
    """Half of the body was read; whatever else came of it is thrown away."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def read_request(
    connection: socket.socket,
    *,
    start: bytes,
    arrived: float,
    torn: Callable[[Request], float | None],
) -> Request:
    """`torn`: asked in the middle of a body, see `server.Service`. Raises TornError."""
    head, rest = _read_head(connection, start)
    method, target, headers = _parse_head(head)
    path, _, query = target.partition("?")
    length = _content_length(headers)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    request = Request(
        method=method,
        path=unquote(path),
        query_string=query,
        headers=headers,
        body=b"",
        arrived=arrived,
        too_large=length > MAX_BODY_BYTES,
    )
    if request.too_large:
        _drain(connection, length - len(rest))
    elif length:
        body = _Body(rest, length)
        body.read(connection, until=length // 2)
        if (seconds := torn(request)) is not None:
            raise TornError(seconds)
        body.read(connection, until=length)
        request.body = body.whole()
    return request


def _read_head(connection: socket.socket, start: bytes) -> tuple[bytes, bytes]:
    read = start
    while (end := read.find(_END_OF_HEAD)) < 0 and len(read) <= MAX_HEAD_BYTES:
        chunk = connection.recv(CHUNK_BYTES)
        if not chunk:
            raise BadRequestError("ended in its head")
        read += chunk
    if not 0 <= end <= MAX_HEAD_BYTES:
        raise BadRequestError("head too long")
    return read[:end], read[end + len(_END_OF_HEAD) :]


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(first)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return parts[0], parts[1], headers


def _content_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequestError("chunked bodies are not read")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError("content-length")
    if int(length) > MAX_DRAINED_BYTES:
        raise BadRequestError("body beyond all bounds")
    return int(length)


class _Body:
    """A body in the making."""

    def __init__(self, start: bytes, length: int) -> None:
        if len(start) > length:
            raise BadRequestError("pipelined requests are not served")
        self._bytes = bytearray(length)
        self._bytes[: len(start)] = start
        self._at = len(start)

    def read(self, connection: socket.socket, *, until: int) -> None:
        view = memoryview(self._bytes)[:until]
        while self._at < until:
            count = connection.recv_into(view[self._at :])
            if not count:
                raise BadRequestError("ended in its body")
            self._at += count

    def whole(self) -> bytes:
        return bytes(self._bytes)


def _drain(connection: socket.socket, missing: int) -> None:
    while missing > 0:
        chunk = connection.recv(min(CHUNK_BYTES, missing))
        if not chunk:
            raise BadRequestError("ended in its body")
        missing -= len(chunk)
