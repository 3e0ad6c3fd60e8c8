"""Reading one HTTP/1.1 request from a connection."""

import socket
from urllib.parse import unquote

from emulators.messages import Request

MAX_HEAD_BYTES = 64 * 1024  # request line and headers; nginx allows 32 KiB
MAX_BODY_BYTES = 4 * 1024 * 1024  # our clients promise to stay below; more is answered 413
MAX_DRAINED_BYTES = 64 * 1024 * 1024  # read and thrown away, so that the 413 reaches the sender
CHUNK_BYTES = 256 * 1024
_END_OF_HEAD = b"\r\n\r\n"


class BadRequestError(Exception):
    """The bytes are no HTTP/1.1 request; the connection is of no further use."""


def read_request(connection: socket.socket, *, start: bytes, arrived: float) -> Request:
    head, rest = _read_head(connection, start)
    method, target, headers = _parse_head(head)
    path, _, query = target.partition("?")
    length = _content_length(headers)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    too_large = length > MAX_BODY_BYTES
    body = b""
    if too_large:
        _drain(connection, length - len(rest))
    elif length:
        body = _read_body(connection, rest, length)
    return Request(
        method=method,
        path=unquote(path),
        query_string=query,
        headers=headers,
        body=body,
        arrived=arrived,
        too_large=too_large,
    )


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


def _read_body(connection: socket.socket, start: bytes, length: int) -> bytes:
    if len(start) > length:
        raise BadRequestError("pipelined requests are not served")
    body = bytearray(length)
    body[: len(start)] = start
    view = memoryview(body)
    at = len(start)
    while at < length:
        count = connection.recv_into(view[at:])
        if not count:
            raise BadRequestError("ended in its body")
        at += count
    return bytes(view)


def _drain(connection: socket.socket, missing: int) -> None:
    while missing > 0:
        chunk = connection.recv(min(CHUNK_BYTES, missing))
        if not chunk:
            raise BadRequestError("ended in its body")
        missing -= len(chunk)
