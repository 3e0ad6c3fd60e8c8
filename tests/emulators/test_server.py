import os
import signal
import socket
import subprocess
import sys
import time

import orjson
import pytest

from emulators import Emulators, start_all
from emulators.amocrm.service import AmocrmService
from emulators.server import start
from tests.emulators.talking import Talker
from tests.waiting import wait_until


def _is_free(base: int) -> bool:
    """Whether five ports can be had; below the ephemeral ones, which come and go."""
    for port in range(base, base + 5):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return False
    return True


def arrivals(amocrm: Talker) -> int:
    count: int = amocrm.control("GET", "audit")["arrivals"]["count"]
    return count


@pytest.fixture
def port_base() -> int:
    start_at = 20_000 + os.getpid() % 1000 * 10  # away from other test processes
    return next(base for base in range(start_at, 32_000, 5) if _is_free(base))


def raw_exchange(url: str, request: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connection_is_kept_alive(amocrm: Talker) -> None:
    for _ in range(3):
        assert amocrm.get("/api/v4/account").status == 200
    assert amocrm.get("/api/v4/account").headers.get("connection") is None


def test_connection_closes_when_asked_to(amocrm: Talker) -> None:
    answer = amocrm.ask("GET", "/api/v4/account", headers={"Connection": "close"})
    assert answer.headers["connection"] == "close"


def test_body_may_come_in_pieces(amocrm: Talker) -> None:
    body = b'[{"name":"A"}]'
    head = (
        f"POST /api/v4/companies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emulator-token\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection((amocrm.host, amocrm.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head + body:
            connection.sendall(bytes([byte]))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_nonsense_is_answered_400_and_hung_up(amocrm: Talker, request_bytes: bytes) -> None:
    answer = raw_exchange(f"http://{amocrm.host}:{amocrm.port}", request_bytes)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_arrival_is_the_first_byte_not_the_last(amocrm: Talker) -> None:
    body = b"[{}]"
    head = (
        b"POST /api/v4/companies HTTP/1.1\r\nAuthorization: Bearer emulator-token\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with socket.create_connection((amocrm.host, amocrm.port), timeout=10) as connection:
        before = time.monotonic()
        connection.sendall(head[:1])
        sent = time.monotonic()
        other = Talker(f"http://{amocrm.host}:{amocrm.port}")
        other.set(latency_ms=100)
        other.get("/api/v4/account")  # 100 ms pass, measured by the service itself
        other.close()
        connection.sendall(head[1:] + body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    audit = amocrm.control("GET", "audit")
    assert audit["arrivals"]["first"] == audit["arrivals_of_writes"]["first"]
    assert before - 0.001 <= audit["arrivals"]["first"] <= sent + 0.05


def test_latency_is_added_to_every_answer(amocrm: Talker) -> None:
    amocrm.set(latency_ms=[50, 60])
    started = time.monotonic()
    amocrm.get("/api/v4/account")
    assert time.monotonic() - started >= 0.05


def test_stop_ends_slow_answers_and_open_connections() -> None:
    server = start(AmocrmService())
    talker = Talker(server.url)
    talker.set(latency_ms=60_000)
    with socket.create_connection((talker.host, talker.port), timeout=10) as waiting:
        waiting.sendall(b"GET /api/v4/account HTTP/1.1\r\n\r\n")
        wait_until(lambda: arrivals(talker) == 1, seconds=5, what="the request arrived")
        started = time.monotonic()
        server.stop()
        assert waiting.recv(1) == b""
    assert time.monotonic() - started < 3
    talker.close()


def test_all_start_on_consecutive_ports(port_base: int) -> None:
    emulators = start_all(port_base, sellers=1)
    ports = [int(url.rsplit(":", 1)[1]) for url in emulators.urls().values()]
    emulators.stop()
    assert ports == [port_base + place for place in range(6)]


def test_taken_port_stops_the_start(running: Emulators) -> None:
    with pytest.raises(OSError, match="in use"):
        start_all(running.snatcher.port - 4, sellers=1)


def test_command_says_when_it_is_ready_and_ends_on_sigterm(port_base: int) -> None:
    options = ["--port-base", str(port_base), "--sellers", "1000000"]
    command = [sys.executable, "-m", "emulators", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        assert ready["feeds"] == f"http://127.0.0.1:{port_base + 3}"
        talker = Talker(ready["sellers"])
        assert talker.get("/api/v1/sellers/11000000").status == 200
        talker.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
