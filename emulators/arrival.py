"""When a request arrived, as the kernel saw it.

A judge of rates must not blame the sender for its own threads waking up late on a busy machine,
so the stamp is the kernel's (SO_TIMESTAMPNS, Linux). Elsewhere it is the time the thread woke.
"""

import math
import socket
import struct
import sys
import time

SO_TIMESTAMPNS = 35  # Linux's number; Python has no name for it
_STAMP = struct.Struct("qq")  # struct timespec: seconds, nanoseconds
_ANCILLARY = socket.CMSG_SPACE(_STAMP.size)
_CLOCK_READINGS = 8  # of both clocks; between two readings a busy machine may stop us for long
_LATEST_BELIEVABLE = 60.0  # seconds; an older stamp means that somebody set the wall clock


def ask_for_stamps(listener: socket.socket) -> None:
    """Accepted connections inherit the option, so no byte can come before it is set."""
    if sys.platform == "linux":
        listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def first_byte(connection: socket.socket) -> tuple[bytes, float]:
    """Waits for a byte. Returns it (b"" at the end) and its arrival on the monotonic clock."""
    byte, ancillary, _, _ = connection.recvmsg(1, _ANCILLARY)
    wall, now = _both_clocks()
    for level, kind, stamp in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(stamp) == _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack(stamp)
            age = wall - (seconds + nanoseconds / 1e9)
            if 0.0 <= age < _LATEST_BELIEVABLE:
                return byte, now - age
    return byte, now


def _both_clocks() -> tuple[float, float]:
    """The wall clock and the monotonic one at the same moment: the closest of some pairs."""
    best = (math.inf, 0.0, 0.0)
    for _ in range(_CLOCK_READINGS):
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        best = min(best, (after - before, wall, (before + after) / 2))
    return best[1], best[2]
