"""A TCP server that does to a client exactly what a test says, byte by byte."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType

LONGEST_PAUSE = 10.0  # seconds; a script that waits longer than any test is a mistake


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request as it came over the wire. `at`: when its first byte came (monotonic)."""

    head: str
    body: bytes
    at: float

    @property
    def line(self) -> str:
        return self.head.partition("\r\n")[0]


@dataclass
class Peer:
    """The server's end of one connection."""

    sock: socket.socket
    server: "ScriptedServer"
    _rest: bytes = b""

    def request(self) -> Arrived:
        """Read one complete request, and keep it."""
        arrived = self._read()
        self.server.requests.append(arrived)
        return arrived

    def answer(self, *answers: bytes) -> None:
        """Read one request for each answer, and give that."""
        for each in answers:
            self.request()
            self.send(each)

    def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the client may have left: that is its right
            self.sock.sendall(data)

    def trickle(self, data: bytes, *, every: float) -> None:
        """Byte by byte, until the client has had enough."""
        with contextlib.suppress(OSError):
            for byte in data:
                self.sock.sendall(bytes([byte]))
                self.pause(every)

    def pause(self, seconds: float) -> None:
        """Wait, or less if the test is over."""
        self.server.over.wait(min(seconds, LONGEST_PAUSE))

    def reset(self) -> None:
        """Close with RST in place of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def gone(self) -> bool:
        """Wait until the client closes, and say whether it sent nothing before."""
        self.sock.settimeout(LONGEST_PAUSE)
        return self._rest + self.sock.recv(1) == b""

    def _read(self) -> Arrived:
        data, at = self._rest, time.monotonic()
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(65536)
            at = at if data else time.monotonic()
            if not more:
                raise EOFError
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < _length(head):
            body += self.sock.recv(65536)
        self._rest = body[_length(head) :]
        return Arrived(head.decode("latin-1"), body[: _length(head)], at)


Script = Callable[[Peer], object]


@dataclass
class ScriptedServer:
    """Each connection, in the order of their arrival, is treated by the next script."""

    scripts: tuple[Script, ...]
    tls: ssl.SSLContext | None = None
    requests: list[Arrived] = field(default_factory=list)
    connections: int = 0
    finished: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "ScriptedServer":
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Accept nothing any more, and let no script go on."""
        self.over.set()
        with contextlib.suppress(OSError):  # stopped before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(LONGEST_PAUSE)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed: the test is over
            for script in self._scripts():
                sock, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(sock, script), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _scripts(self) -> Iterator[Script]:
        yield from self.scripts
        while True:
            yield leave

    def _serve(self, plain: socket.socket, script: Script) -> None:
        with plain, contextlib.suppress(EOFError, ConnectionError, ssl.SSLError):
            plain.settimeout(LONGEST_PAUSE)
            sock = plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)
            with sock:
                script(Peer(sock, self))
        self.finished += 1


def leave(_peer: Peer) -> None:
    """A script: close at once."""


def reply(
    body: bytes = b"{}", status: str = "200 OK", *headers: str, kind: str = "application/json"
) -> bytes:
    """A complete answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, *headers, "", "")).encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
