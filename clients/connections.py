"""How `requests` gets a connection that is opened before the slot and held until it.

`requests` connects inside `send`, so connecting would age a slot that was taken before it. Here
the owner opens the connection first, in a pool of one; `send` finds it there, and its first byte
waits at the gate in `clients.sockets`.
"""

import time
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from clients.calls import Limits
from clients.sockets import Departure, NotDepartedError, PacedSocket


class PacedConnection(HTTPConnection):
    """A connection that only its owner opens, never urllib3 on the way."""

    paced: PacedSocket | None = None
    last_used: float = 0.0  # monotonic

    def open(self) -> None:
        """Connect, shake hands, and put the gate in front of the socket."""
        super().connect()
        self.sock = self.paced = PacedSocket(self.sock)
        self.last_used = time.monotonic()

    def connect(self) -> None:
        """What urllib3 calls when it finds the connection dropped in the middle of a call."""
        raise NotDepartedError("the connection was dropped")

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again; urllib3's own answer errs on TLS 1.3."""
        return self.sock is not None and self.paced is not None and not self.paced.is_dropped()

    def hold_until(self, departure: Departure) -> None:
        """The next request's first byte waits for this."""
        if self.paced is not None:
            self.paced.hold_until(departure)

    def abort(self) -> None:
        """End what another thread waits for on this connection. Not while it is being opened."""
        if self.paced is not None:
            self.paced.abort()


class PacedTlsConnection(PacedConnection, HTTPSConnection):
    """The same over TLS."""


class PacedPool(HTTPConnectionPool):
    """A pool of one connection."""

    ConnectionCls = PacedConnection
    opened: PacedConnection | None = None  # the last one that `open` gave

    def open(self, limits: Limits) -> PacedConnection:
        """The connection, open and fresh. Raises what connecting raises; nothing was sent then."""
        connection = cast("PacedConnection", self._get_conn())
        try:
            if time.monotonic() - connection.last_used > limits.idle_seconds:
                connection.close()
            if connection.is_closed:
                connection.timeout = limits.connect_seconds
                connection.open()
        except BaseException:
            connection.close()
            raise
        finally:
            self._put_conn(connection)
        self.opened = connection
        return connection


class PacedTlsPool(PacedPool, HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = PacedTlsConnection


class PacedAdapter(HTTPAdapter):
    """`requests`' own sending, through the one connection to the one host."""

    def __init__(self, base_url: str, *, ca_bundle: str) -> None:
        super().__init__(max_retries=0)
        self.pool = _pool_for(base_url, ca_bundle)

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,  # noqa: ARG002 - requests' signature
        verify: bool | str | None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - there are no proxies here
        cert: tuple[str, str] | str | None = None,  # noqa: ARG002
    ) -> HTTPConnectionPool:
        """Always the one pool: there is one host, and no proxy."""
        return self.pool

    def close(self) -> None:
        """Close the connection."""
        self.pool.close()
        super().close()


def _pool_for(base_url: str, ca_bundle: str) -> PacedPool:
    url = urlsplit(base_url)
    host = url.hostname or ""
    if url.scheme == "http":
        return PacedPool(host, url.port, maxsize=1, block=True)
    return PacedTlsPool(
        host, url.port, maxsize=1, block=True, cert_reqs="CERT_REQUIRED", ca_certs=ca_bundle
    )
