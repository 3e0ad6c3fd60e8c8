"""What one call sends and what it brings back."""

import gzip
import time
from pathlib import Path

import pytest

from clients.calls import Call, Limits
from clients.errors import AuthError, UnexpectedAnswerError, UnknownOutcomeError
from clients.pacing import Lane, Unlimited
from clients.transport import Transport
from tests.clients.scripted_server import reply
from tests.clients.talking import CREATE, READ, answering, talking


def test_answer_carries_all_that_matters() -> None:
    answer = reply(b'{"a":1}', "201 Created", "X-Request-Id: abc", "Retry-After: 7")
    with talking(answering(answer)) as (transport, server):
        before = time.monotonic()
        got = transport.call(READ, lane=Lane.BULK)
        assert (got.status, got.body) == (201, b'{"a":1}')
        assert got.trace_id == "abc"
        assert got.headers["retry-after"] == "7"
        assert before <= got.sent_at <= server.requests[0].at
        assert got.sent_at + got.elapsed <= time.monotonic()


def test_request_arrives_as_it_was_asked() -> None:
    call = Call(
        "POST",
        "/things",
        params=[("filter[id][]", "1"), ("filter[id][]", "2"), ("query", "+7 900")],
        body='["é"]'.encode(),
        headers={"Idempotency-Key": "k1"},
    )
    with talking(answering(reply())) as (transport, server):
        transport.call(call, lane=Lane.BULK)
        arrived = server.requests[0]
        assert arrived.line == (
            "POST /things?filter%5Bid%5D%5B%5D=1&filter%5Bid%5D%5B%5D=2&query=%2B7+900 HTTP/1.1"
        )
        assert arrived.body == '["é"]'.encode()
        assert "\r\nContent-Type: application/json" in arrived.head
        assert "\r\nContent-Length: 6" in arrived.head
        assert "\r\nIdempotency-Key: k1" in arrived.head


def test_one_connection_serves_many_calls() -> None:
    with talking(answering(reply(), reply(), reply())) as (transport, server):
        for _ in range(3):
            transport.call(READ, lane=Lane.BULK)
        assert (server.connections, len(server.requests)) == (1, 3)


def test_connection_idle_for_too_long_is_not_used_again() -> None:
    limits = Limits(idle_seconds=0.0)
    with talking(answering(reply(), reply()), answering(reply()), limits=limits) as (
        transport,
        server,
    ):
        transport.call(READ, lane=Lane.BULK)
        transport.call(READ, lane=Lane.BULK)
        assert server.connections == 2


def test_connection_that_the_server_ends_is_replaced() -> None:
    last = reply(b"{}", "200 OK", "Connection: close")
    with talking(answering(last), answering(last)) as (transport, server):
        transport.call(READ, lane=Lane.BULK)
        assert transport.call(READ, lane=Lane.BULK).status == 200
        assert server.connections == 2


def test_token_is_asked_for_each_call() -> None:
    tokens = iter(["first", "second"])
    with talking(answering(reply(), reply()), authorise=lambda: next(tokens)) as (
        transport,
        server,
    ):
        transport.call(READ, lane=Lane.BULK)
        transport.call(READ, lane=Lane.BULK)
        assert "\r\nAuthorization: Bearer first\r\n" in server.requests[0].head + "\r\n"
        assert "\r\nAuthorization: Bearer second\r\n" in server.requests[1].head + "\r\n"


@pytest.mark.parametrize("token", ["se\r\ncret", "se cret", "sécret", "secret\n"])
def test_token_that_fits_no_header_is_refused_and_not_shown(token: str) -> None:
    with (
        talking(answering(reply()), authorise=lambda: token) as (transport, server),
        pytest.raises(AuthError) as refused,
    ):
        transport.call(READ, lane=Lane.BULK)
    assert "cret" not in f"{refused.value!s}{refused.value!r}"
    assert server.requests == []


def test_environment_does_not_choose_proxies_or_passwords(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with talking(answering(reply())) as (transport, server):
        transport.call(READ, lane=Lane.BULK)
        assert "Authorization" not in server.requests[0].head
        assert server.requests[0].line == "GET /things HTTP/1.1"


def test_cookies_are_not_kept() -> None:
    setting = reply(b"{}", "200 OK", "Set-Cookie: session=1; Path=/")
    with talking(answering(setting, reply())) as (transport, server):
        transport.call(READ, lane=Lane.BULK)
        transport.call(READ, lane=Lane.BULK)
        assert "Cookie" not in server.requests[1].head


def test_redirected_read_is_unexpected_and_not_followed() -> None:
    away = reply(b"", "302 Found", "Location: /elsewhere")
    with talking(answering(away, reply())) as (transport, server):
        with pytest.raises(UnexpectedAnswerError):
            transport.call(READ, lane=Lane.BULK)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 X", "308 X"])
def test_redirected_write_is_unknown_and_not_repeated(status: str) -> None:
    away = reply(b"", status, "Location: /elsewhere")
    with talking(answering(away, reply())) as (transport, server):
        with pytest.raises(UnknownOutcomeError):
            transport.call(CREATE, lane=Lane.BULK)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy", "413 Too Large"])
def test_nothing_is_retried_below_us(status: str) -> None:
    with talking(answering(reply(b"", status, "Retry-After: 0"), reply())) as (transport, server):
        answer = transport.exchange(READ, lane=Lane.BULK)
        assert answer.status == int(status[:3])
        assert len(server.requests) == 1


def test_chunked_body_is_put_together() -> None:
    chunked = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n'
    )
    with talking(answering(chunked, chunked)) as (transport, server):
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert server.connections == 1


def test_packed_body_is_unpacked() -> None:
    packed = reply(gzip.compress(b'{"a":1}'), "200 OK", "Content-Encoding: gzip")
    with talking(answering(packed)) as (transport, server):
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert "\r\nAccept-Encoding: gzip" in server.requests[0].head


def test_empty_204_leaves_the_connection_in_order() -> None:
    nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
    with talking(answering(nothing, reply(b'{"a":1}'))) as (transport, server):
        assert transport.call(READ, lane=Lane.BULK).body == b""
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert server.connections == 1


def test_base_url_may_have_a_path() -> None:
    with talking(answering(reply())) as (_, server):
        transport = Transport(service="things", base_url=f"{server.url}/api/", pace=Unlimited())
        transport.call(READ, lane=Lane.BULK)
        transport.close()
        assert server.requests[0].line == "GET /api/things HTTP/1.1"


@pytest.mark.parametrize(
    "url", ["http://me:secret@host", "//host", "ftp://host", "https://", "host:80", ""]
)
def test_base_url_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="not a base URL") as refused:
        Transport(service="things", base_url=url, pace=Unlimited())
    assert "secret" not in str(refused.value)
