"""One way to call an outside service: paced, bounded, and clear about what was sent.

What `requests` would do on its own account is not switched off here, it is not there: its
adapter is used without a session, so there are no proxies and no netrc from the environment, no
cookies, no redirects; and the adapter retries nothing.
"""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from clients import answers
from clients.calls import Answer, Call, Limits
from clients.connections import PacedAdapter, PacedConnection
from clients.errors import (
    AuthError,
    FloodBlockError,
    NotSentError,
    RateLimitedError,
    ServiceError,
    TransientError,
    UnexpectedAnswerError,
)
from clients.pacing import Lane, Pace, Slot
from clients.sockets import Departure, NotDepartedError

logger = logging.getLogger(__name__)

USER_AGENT = "amonition/0.1"
PATIENCE = 10.0  # seconds to wait for a slot where the caller does not say
ROUNDS = 8  # slots or connections lost in a row before a call gives up: this machine keeps no time
HEAD_START = 0.02  # seconds before the slot for the durable sent-mark; it takes a few milliseconds
# Seconds before the slot when the request goes to its gate. To oversleep is noticed on this side
# of it, where a missed slot does not cost the connection; and the last sleep is short.
APPROACH = 0.003
CHUNK_BYTES = 64 * 1024  # one read of a body

DEFAULT_LIMITS = Limits()


class BodyTooLongError(Exception):
    """The answer's body is over the limit."""


class Transport:
    """The connection of one thread to one service. Not for two threads: each has its own.

    `authorise` gives the bearer token and is asked for each call; None: no token.
    `ca_bundle`: the certificate authority of a service of our own; None: the public ones.
    """

    def __init__(
        self,
        *,
        service: str,
        base_url: str,
        pace: Pace,
        authorise: Callable[[], str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        ca_bundle: Path | None = None,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
            raise ValueError(f"{service}: not a base URL, or one with a password in it")
        self.service = service
        self._base_url = base_url.rstrip("/")
        self._pace = pace
        self._authorise = authorise
        self._limits = limits
        self._verify = str(ca_bundle or DEFAULT_CA_BUNDLE_PATH)
        self._adapter = PacedAdapter(base_url, ca_bundle=self._verify)

    def call(
        self,
        call: Call,
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> Answer:
        """The answer, if it is a 2xx or the absence that the call allows for; see `exchange`.

        Raises the errors of `clients.errors`.
        """
        answer = self.exchange(
            call, lane=lane, patience=patience, before_first_byte=before_first_byte
        )
        error = answers.failure_of(answer, call=call, service=self.service)
        if error is None:
            return answer
        raise self.heed(error)

    def exchange(
        self,
        call: Call,
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> Answer:
        """One request, sent at most once, and its complete answer, whatever the status.

        `patience`: seconds to wait for slots, all in all. `before_first_byte` makes the caller's
        durable sent-mark shortly before the first byte, and returns the moment (monotonic) after
        which that byte must not leave any more; where it could not leave in time, it is asked
        again. Its exceptions pass through.

        Raises PacingError and NotSentError when not one byte left, even if `before_first_byte`
        ran; after the first byte UnknownOutcomeError for what writes, TransientError for what
        does not.
        """
        request = self._prepare(call)
        give_up_at = time.monotonic() + patience
        mark = _SentMark(before_first_byte)
        for _ in range(ROUNDS):
            connection = self._open(call)
            slot = self._pace.reserve(lane, patience=max(0.0, give_up_at - time.monotonic()))
            _sleep_until(slot.at - HEAD_START)
            departure = Departure(slot, mark.not_after(slot), self._limits.total_seconds)
            _sleep_until(slot.at - APPROACH)
            try:
                departure.check()
                return self._send(call, request, connection, departure)
            except NotDepartedError as held:
                self._pace.burn(slot)
                logger.info(
                    "transport.held_back", extra={"service": self.service, "reason": str(held)}
                )
        raise self._not_sent(call, f"held back {ROUNDS} times")

    def heed(self, error: ServiceError) -> ServiceError:
        """Tell the pace what the service said about it, and the log what it said at all."""
        if isinstance(error, RateLimitedError):
            self._pace.slow_down(error.retry_after)
        elif isinstance(error, FloodBlockError):
            self._pace.close(str(error))
        logger.warning(
            "transport.refused",
            extra={
                "service": self.service,
                "call": error.call,
                "status": error.status,
                "detail": error.detail,
                "trace_id": error.trace_id,
            },
        )
        return error

    def abort(self) -> None:
        """From another thread: end the exchange that waits on the connection.

        Finding the host, connecting and TLS's handshake are not interrupted but end by their own
        limits; `before_first_byte` is asked after them.
        """
        if self._adapter.pool.opened is not None:
            self._adapter.pool.opened.abort()

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()

    def _prepare(self, call: Call) -> requests.PreparedRequest:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **call.headers}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if self._authorise is not None:
            token = self._authorise()
            if not token.isascii() or not token.isprintable() or " " in token:
                # requests would refuse it too, and put it into the error's text
                raise AuthError(
                    service=self.service, call=str(call), detail="the token fits no header"
                )
            headers["Authorization"] = f"Bearer {token}"
        return requests.Request(
            call.method,
            self._base_url + call.path,
            headers=headers,
            params=list(call.params),
            data=call.body,
        ).prepare()

    def _open(self, call: Call) -> PacedConnection:
        try:
            return self._adapter.pool.open(self._limits)
        except (HTTPError, OSError) as error:
            cause = _cause(error)
            raise self._not_sent(call, _in_words(cause)) from cause

    def _send(
        self,
        call: Call,
        request: requests.PreparedRequest,
        connection: PacedConnection,
        departure: Departure,
    ) -> Answer:
        connection.hold_until(departure)
        try:
            with self._adapter.send(request, stream=True, verify=self._verify) as response:
                body = self._body(response)
        except (requests.RequestException, HTTPError, OSError, BodyTooLongError) as error:
            connection.close()  # what may still come over it is nobody's answer
            cause = _cause(error)
            raise self._lost(call, departure.sent_at, cause) from cause
        done = connection.last_used = time.monotonic()
        sent_at = done if departure.sent_at is None else departure.sent_at
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            sent_at=sent_at,
            elapsed=done - sent_at,
        )

    def _body(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        left = self._limits.body_bytes
        for part in response.iter_content(CHUNK_BYTES):
            left -= len(part)
            if left < 0:
                raise BodyTooLongError(f"the answer is over {self._limits.body_bytes} bytes")
            parts.append(part)
        return b"".join(parts)

    def _not_sent(self, call: Call, detail: str) -> NotSentError:
        return NotSentError(service=self.service, call=str(call), detail=detail)

    def _lost(self, call: Call, sent_at: float | None, cause: BaseException) -> ServiceError:
        detail = _in_words(cause)
        if sent_at is None:
            return self._not_sent(call, detail)
        if call.writes:
            return answers.unknown(call, service=self.service, detail=detail, sent_at=sent_at)
        again = UnexpectedAnswerError if isinstance(cause, BodyTooLongError) else TransientError
        return again(service=self.service, call=str(call), detail=detail)


class _SentMark:
    """The caller's sent-mark, made as seldom as possible and as often as needed."""

    def __init__(self, make: Callable[[], float] | None) -> None:
        self._make = make
        self._not_after = math.inf if make is None else -math.inf

    def not_after(self, slot: Slot) -> float:
        """Until when the first byte may leave, with a mark that holds at the slot's moment."""
        if self._make is not None and self._not_after <= max(slot.at, time.monotonic()):
            self._not_after = self._make()
        return self._not_after


def _sleep_until(moment: float) -> None:
    ahead = moment - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)


def _cause(error: BaseException) -> BaseException:
    """What really happened, under urllib3's and requests' wrappings.

    Those name the URL with its query, which may hold a phone number.
    """
    inner = error.__cause__ or next((a for a in error.args if isinstance(a, BaseException)), None)
    return error if inner is None else _cause(inner)


def _in_words(cause: BaseException) -> str:
    """The kind of error, and its text where that is known to name nothing of the request."""
    text = ""
    if isinstance(cause, TimeoutError | BodyTooLongError):
        text = str(cause)
    elif isinstance(cause, OSError) and cause.strerror:
        text = cause.strerror
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__
