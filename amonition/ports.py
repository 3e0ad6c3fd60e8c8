"""TCP ports of this machine's loopback: whether one is free."""

import socket
from collections.abc import Iterable

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a program that listens here would get the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def first_free(candidates: Iterable[int], *, count: int = 1) -> int | None:
    """The first candidate with `count` free ports in a row from it on."""
    for first in candidates:
        if all(is_free(port) for port in range(first, first + count)):
            return first
    return None
