"""What can come of a call to an outside service. The type *is* the policy: nobody looks at a status.

| type | was it executed? | what the caller does |
|---|---|---|
| NotSentError | provably not: no byte left | the same call again, later |
| TransientError | a read that failed | read again, later |
| UnknownOutcomeError | nobody knows | a create is settled by reading back; a repeatable write is repeated |
| RateLimitedError | no | wait `retry_after`, costs no attempt |
| TooLargeError | no | the same in halves |
| ValidationError | no, none of it | drop the named items, send the rest |
| AuthError | no | new token, once; then a person |
| NoRightsError | no | this call fails, others go on; a person |
| UnpaidError | no | stop writing; a person |
| FloodBlockError | no | stop everything; a person opens it again |
| UnexpectedAnswerError | a read answered with something else than promised | park the item; a person |
"""

from collections.abc import Mapping
from dataclasses import dataclass


class ServiceError(Exception):
    """A call that brought no usable answer. Carries what an operator needs, and no token, no body.

    `detail` is the service's own text, shortened; `status` is None when no answer came.
    `trace_id` is the service's own name of the exchange (X-Request-Id), for its support.
    `retry_after`: seconds that a 429 or 503 told us to wait, None where nothing was told.
    """

    trace_id: str = ""
    retry_after: float | None = None

    def __init__(self, *, service: str, call: str, detail: str, status: int | None = None) -> None:
        super().__init__(service, call, detail, status)
        self.service = service
        self.call = call
        self.detail = detail
        self.status = status

    def __str__(self) -> str:
        status = "no answer" if self.status is None else str(self.status)
        return f"{self.service} {self.call}: {status}: {self.detail}"


class NotSentError(ServiceError):
    """Not one byte of the request left: no connection, no slot, or a slot that came too late."""


class TransientError(ServiceError):
    """A read that may be repeated as it is."""


class UnknownOutcomeError(ServiceError):
    """A write whose answer was lost.

    `overloaded`: 504, so later writes should be smaller. `repeatable`: doing it twice does no harm.
    `sent_at`: when its first byte left, on this process's monotonic clock.
    """

    def __init__(
        self,
        *,
        service: str,
        call: str,
        detail: str,
        status: int | None = None,
        overloaded: bool = False,
        repeatable: bool = False,
        sent_at: float | None = None,
    ) -> None:
        super().__init__(service=service, call=call, detail=detail, status=status)
        self.overloaded = overloaded
        self.repeatable = repeatable
        self.sent_at = sent_at


class RateLimitedError(ServiceError):
    """429. `retry_after`: seconds the service told, None where it told nothing."""

    def __init__(self, *, service: str, call: str, detail: str, retry_after: float | None) -> None:
        super().__init__(service=service, call=call, detail=detail, status=429)
        self.retry_after = retry_after


class TooLargeError(ServiceError):
    """413, or 422 for too many items: nothing was written, send it in halves."""


class AuthError(ServiceError):
    """401: the token is not valid (any more)."""


class NoRightsError(ServiceError):
    """403 in JSON: the token's user may not do this one thing."""


class UnpaidError(ServiceError):
    """402: the account's subscription is over."""


class FloodBlockError(ServiceError):
    """403 in HTML, or any 403 of the token endpoint: the account's API is blocked."""


class UnexpectedAnswerError(ServiceError):
    """An answer to a read that is not what the contract promises (HTML, no JSON, a redirect).

    Also a 404 or 405 that nobody foresaw, to a read or a write: it was not executed.
    """


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint about one item, in the service's own words."""

    code: str
    path: str
    detail: str


class ValidationError(ServiceError):
    """400, or 422 that is not about size: nothing was written.

    `items`: request_id -> complaints; empty when nobody is named.
    """

    def __init__(
        self,
        *,
        service: str,
        call: str,
        detail: str,
        items: Mapping[str, tuple[FieldError, ...]],
        status: int = 400,
    ) -> None:
        super().__init__(service=service, call=call, detail=detail, status=status)
        self.items = items
