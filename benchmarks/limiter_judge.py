"""The service's side of the limiter benchmark: notes when each request arrives."""

import heapq
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

MESSAGE = b"x" * 1024  # a request of one packet
SO_TIMESTAMPNS = 35  # Linux: the kernel's time of arrival comes with the bytes
TIMESPEC = struct.Struct("qq")


@dataclass
class Judge:
    """Answers each message after `latency` seconds and remembers its arrival."""

    latency: float
    arrivals: list[float] = field(default_factory=list)
    answers: list[tuple[float, int, socket.socket]] = field(default_factory=list)

    def accept(self, listener: socket.socket) -> socket.socket:
        """A connection whose bytes carry their time of arrival."""
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return connection

    def read(self, connection: socket.socket) -> bool:
        """Note one arrival; False when the sender has gone."""
        data, extras, _, _ = connection.recvmsg(len(MESSAGE), 64)
        if not data:
            return False
        seconds, nanoseconds = TIMESPEC.unpack(extras[0][2])
        self.arrivals.append(seconds + nanoseconds / 1e9)
        due = time.monotonic() + self.latency
        heapq.heappush(self.answers, (due, len(self.arrivals), connection))
        return True

    def answer_due(self) -> float | None:
        """Send what is due; seconds until the next answer, None when there is none."""
        while self.answers and self.answers[0][0] <= time.monotonic():
            heapq.heappop(self.answers)[2].sendall(MESSAGE)
        return max(0.0, self.answers[0][0] - time.monotonic()) if self.answers else None


def judge(latency: float, control: Connection) -> None:
    """Tell the port through `control`, serve until a word comes back, tell the arrivals, sorted."""
    bench = Judge(latency)
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as waiting:
        waiting.register(listener, selectors.EVENT_READ)
        waiting.register(control, selectors.EVENT_READ)
        control.send(listener.getsockname()[1])
        while True:
            for key, _ in waiting.select(bench.answer_due()):
                if key.fileobj is control:
                    control.send(sorted(bench.arrivals))
                    return
                if key.fileobj is listener:
                    waiting.register(bench.accept(listener), selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket) and not bench.read(key.fileobj):
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()
