"""Putting an answer on the wire, whole or in the manner a fault asks for."""

import socket
import threading
from http import HTTPStatus

from emulators.messages import Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}


def send(
    connection: socket.socket, response: Response, *, closing: bool, stopping: threading.Event
) -> None:
    raw = _head(response, closing=closing) + response.body
    if response.cut_at is not None:
        raw = raw[: int(len(raw) * response.cut_at)]
    if not response.byte_pause:
        connection.sendall(raw)
        return
    for at in range(len(raw)):
        if stopping.wait(response.byte_pause):
            return
        connection.sendall(raw[at : at + 1])


def _head(response: Response, *, closing: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
    if response.status != 204:
        lines.append(f"Content-Type: {response.content_type}")
        lines.append(f"Content-Length: {len(response.body)}")
    lines.extend(f"{name}: {value}" for name, value in response.headers.items())
    if closing:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
