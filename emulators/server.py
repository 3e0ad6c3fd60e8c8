"""A small HTTP/1.1 server: a thread per connection, keep-alive, and answers that may misbehave."""

import logging
import socket
import struct
import threading
import time
from typing import Protocol

from emulators.arrival import ask_for_stamps, first_byte
from emulators.messages import Request, Response
from emulators.reading import BadRequestError, TornError, read_request
from emulators.sending import send

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 512  # a client that leaks connections is cut off, not served without end
KEEP_ALIVE_SECONDS = 75.0  # nginx's default: idle connections end, and clients must cope
STOP_SECONDS = 3.0  # longest wait for the threads when the server ends
ACCEPT_PAUSE_SECONDS = 0.05  # after a failed accept (no file descriptors left)
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST


class Service(Protocol):
    """What a server serves."""

    def handle(self, request: Request) -> Response: ...

    def torn(self, request: Request) -> float | None:
        """Asked when half of a body is read: None goes on; seconds to stand still, and no more."""
        ...

    def stop(self) -> None: ...


class Server:
    """Listens from its creation on; `stop` ends every connection."""

    def __init__(self, service: Service, *, host: str, port: int) -> None:
        self._service = service
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._listener = socket.create_server((host, port), backlog=256)
        ask_for_stamps(self._listener)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, name=f"accept-{self.port}")
        self._acceptor.start()

    def stop(self) -> None:
        self._stopping.set()
        self._service.stop()
        _hang_up(self._listener)
        self._acceptor.join(STOP_SECONDS)
        self._listener.close()
        with self._lock:
            open_now = list(self._connections.items())
        for connection, _ in open_now:
            _hang_up(connection)
        deadline = time.monotonic() + STOP_SECONDS
        for _, thread in open_now:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                self._stopping.wait(ACCEPT_PAUSE_SECONDS)
                continue
            self._adopt(connection)

    def _adopt(self, connection: socket.socket) -> None:
        thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
        with self._lock:
            refused = self._stopping.is_set() or len(self._connections) >= MAX_CONNECTIONS
            if not refused:
                self._connections[connection] = thread
        if refused:
            connection.close()
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(KEEP_ALIVE_SECONDS)
        thread.start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            while not self._stopping.is_set() and self._exchange(connection):
                pass
        except TornError as torn:
            self._stopping.wait(torn.seconds)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        except BadRequestError as error:
            logger.warning("emulator.bad_request", extra={"error": str(error)})
            _refuse(connection, error, self._stopping)
        except OSError as error:
            logger.debug("emulator.connection_ended", extra={"error": repr(error)})
        finally:
            with self._lock:
                self._connections.pop(connection, None)
            connection.close()

    def _exchange(self, connection: socket.socket) -> bool:
        """One request and its answer; False when the connection is over."""
        byte, arrived = first_byte(connection)
        if not byte:
            return False
        torn = self._service.torn
        request = read_request(connection, start=byte, arrived=arrived, torn=torn)
        response = self._service.handle(request)
        if response.delay and not self._wait(connection, response.delay):
            return False
        closing = request.headers.get("connection", "").lower() == "close"
        send(connection, response, closing=closing, stopping=self._stopping)
        if response.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return not closing and response.cut_at is None

    def _wait(self, connection: socket.socket, seconds: float) -> bool:
        """Whether there still is somebody to answer after so long."""
        until = time.monotonic() + seconds
        connection.settimeout(seconds)
        try:
            if not connection.recv(1, socket.MSG_PEEK):
                return False
        except TimeoutError:
            return not self._stopping.is_set()
        finally:
            connection.settimeout(KEEP_ALIVE_SECONDS)
        return not self._stopping.wait(max(0.0, until - time.monotonic()))  # the next one is early

    @property
    def connections(self) -> int:
        """Open now."""
        return len(self._connections)


def start(service: Service, *, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Starts serving; `port` 0 takes a free one."""
    return Server(service, host=host, port=port)


def _refuse(connection: socket.socket, error: BadRequestError, stopping: threading.Event) -> None:
    response = Response(400, str(error).encode(), "text/plain")
    try:
        send(connection, response, closing=True, stopping=stopping)
    except OSError:
        return  # nobody is left to read it


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
