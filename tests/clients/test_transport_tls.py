"""The same over TLS: whom we talk to is proved, and its ways are not taken for a goodbye."""

import datetime as dt
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients.calls import Limits
from clients.errors import NotSentError, TransientError
from clients.pacing import Lane
from clients.transport import Transport
from tests.clients.recording_pace import RecordingPace, ahead
from tests.clients.scripted_server import Peer, reply
from tests.clients.talking import READ, answering, talking
from tests.waiting import wait_until


def certificate(folder: Path, *, host: str, days: int = 1) -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def serving(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_connection_is_held_and_used_again_over_tls(tmp_path: Path) -> None:
    path = certificate(tmp_path, host="127.0.0.1")
    pace = RecordingPace([ahead(0.1), ahead(0.1)])
    with talking(
        answering(reply(b'{"a":1}'), reply(b'{"a":2}')),
        tls=serving(path),
        ca_bundle=path,
        pace=pace,
    ) as (transport, server):
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":1}'
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":2}'
        assert server.connections == 1
        assert pace.burned == []
        assert server.requests[1].at >= pace.reserved[1].at


@pytest.mark.parametrize(
    ("host", "days", "trusted"),
    [("127.0.0.1", 1, False), ("127.0.0.2", 1, True), ("127.0.0.1", -1, True)],
    ids=["unknown authority", "another host", "expired"],
)
def test_certificate_that_proves_nothing_is_refused(
    tmp_path: Path, host: str, days: int, trusted: bool
) -> None:
    path = certificate(tmp_path, host=host, days=days)
    pace = RecordingPace()
    with talking(
        answering(reply()), tls=serving(path), ca_bundle=path if trusted else None, pace=pace
    ) as (transport, server):
        with pytest.raises(NotSentError, match="SSLCertVerificationError"):
            transport.call(READ, lane=Lane.BULK)
        assert server.requests == []
        assert pace.reserved == []


def test_dropped_tls_connection_is_opened_again(tmp_path: Path) -> None:
    path = certificate(tmp_path, host="127.0.0.1")
    with talking(
        answering(reply()), answering(reply(b'{"a":2}')), tls=serving(path), ca_bundle=path
    ) as (transport, server):
        transport.call(READ, lane=Lane.BULK)
        wait_until(lambda: server.finished == 1, seconds=2, what="the connection is dropped")
        assert transport.call(READ, lane=Lane.BULK).body == b'{"a":2}'


def test_slow_tls_server_holds_a_call_no_longer_than_its_deadline(tmp_path: Path) -> None:
    path = certificate(tmp_path, host="127.0.0.1")

    def trickle(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        peer.trickle(b"X-Slow: 1\r\n" * 1000, every=0.05)

    with (
        talking(
            trickle,
            tls=serving(path),
            ca_bundle=path,
            limits=Limits(connect_seconds=1, total_seconds=0.3),
        ) as (transport, _),
        pytest.raises(TransientError),
    ):
        transport.call(READ, lane=Lane.BULK)


def test_server_that_shakes_no_hands_is_given_up_in_time() -> None:
    pace = RecordingPace()
    with talking(lambda peer: peer.pause(5)) as (_, server):
        transport = Transport(
            service="things",
            base_url=server.url.replace("http:", "https:"),
            pace=pace,
            limits=Limits(connect_seconds=0.2),
        )
        before = time.monotonic()
        with pytest.raises(NotSentError):
            transport.call(READ, lane=Lane.BULK)
        assert time.monotonic() - before < 2.0
        assert pace.reserved == []
