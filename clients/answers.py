"""What a status means: the one place where it becomes an error type (`clients.errors`).

amoCRM's table: https://www.amocrm.ru/developers/content/crm_platform/error-codes and
https://www.amocrm.ru/developers/content/api/recommendations (checked 2026-11-22). Closed by
default: only what is known to mean "not executed" is taken for it.
"""

import math
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from clients.calls import Answer, Call
from clients.errors import (
    AuthError,
    FieldError,
    FloodBlockError,
    NoRightsError,
    RateLimitedError,
    ServiceError,
    TooLargeError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnpaidError,
    ValidationError,
)

DETAIL_CHARACTERS = 200  # enough for a vendor's sentence, too little for a body
LONGEST_RETRY_AFTER = 3600.0  # seconds; more is a broken clock, and asking again costs one request


_REFUSALS: Mapping[int, type[ServiceError]] = {
    401: AuthError,
    402: UnpaidError,
    403: NoRightsError,
    404: UnexpectedAnswerError,
    405: UnexpectedAnswerError,
    413: TooLargeError,
    422: TooLargeError,
}


def failure_of(answer: Answer, *, call: Call, service: str) -> ServiceError | None:
    """What the answer's status says went wrong; None for a 2xx, and for a foreseen absence."""
    if 200 <= answer.status < 300 or is_absence(answer, call=call):
        return None
    status, name, detail = answer.status, str(call), detail_of(answer)
    problem = json_object(answer.body)
    error: ServiceError
    if status == 400 or (status == 422 and call.items == 1):
        items = _complaints(problem)
        error = ValidationError(
            service=service, call=name, detail=detail, items=items, status=status
        )
    elif status == 403 and problem is None:
        error = FloodBlockError(service=service, call=name, detail=detail, status=status)
    elif status == 429:
        wait = _retry_after(answer.headers, problem)
        error = RateLimitedError(service=service, call=name, detail=detail, retry_after=wait)
    elif status in _REFUSALS:
        error = _REFUSALS[status](service=service, call=name, detail=detail, status=status)
    else:
        error = lost(answer, call=call, service=service, detail=detail)
    error.trace_id = answer.trace_id
    if status == 503:
        error.retry_after = _retry_after(answer.headers, problem)
    return error


def is_absence(answer: Answer, *, call: Call) -> bool:
    """Whether the service itself says that there is no such thing, to a call that allows for it.

    Its 404 has JSON in it, or nothing. A page in HTML or text is a gateway's that did not find the
    service, and says nothing about the thing.
    """
    if answer.status != 404 or not call.may_be_absent:
        return False
    return not answer.body or json_object(answer.body) is not None


def lost(answer: Answer, *, call: Call, service: str, detail: str) -> ServiceError:
    """The error for an answer that does not say what became of the call."""
    error: ServiceError
    if call.writes:
        error = unknown(
            call, service=service, detail=detail, status=answer.status, sent_at=answer.sent_at
        )
    elif answer.status >= 500 or answer.status == 408:
        error = TransientError(service=service, call=str(call), detail=detail, status=answer.status)
    else:
        error = UnexpectedAnswerError(
            service=service, call=str(call), detail=detail, status=answer.status
        )
    error.trace_id = answer.trace_id
    return error


def unknown(
    call: Call, *, service: str, detail: str, sent_at: float, status: int | None = None
) -> UnknownOutcomeError:
    """A write that left, and whose fate nobody told."""
    return UnknownOutcomeError(
        service=service,
        call=str(call),
        detail=detail,
        status=status,
        overloaded=status == 504,
        repeatable=call.repeatable,
        sent_at=sent_at,
    )


def json_object(body: bytes) -> Mapping[str, object] | None:
    """The body, where it is a JSON object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def detail_of(answer: Answer) -> str:
    """The service's own words, shortened; never the body of something that is no problem+json."""
    problem = json_object(answer.body)
    if problem is None:
        kind = answer.headers.get("content-type", "no content type")
        return _shortened(f"{len(answer.body)} bytes of {kind}")
    said = (problem.get(name) for name in ("hint", "detail", "title"))
    return _shortened(next((text for text in said if isinstance(text, str) and text), "no detail"))


def _shortened(text: str) -> str:
    return textwrap.shorten(text, DETAIL_CHARACTERS, placeholder=" ...")


def _complaints(
    problem: Mapping[str, object] | None,
) -> dict[str, tuple[FieldError, ...]]:
    """request_id -> complaints, out of `validation-errors`. What is not of that shape is skipped."""
    named = problem.get("validation-errors") if problem is not None else None
    items: dict[str, tuple[FieldError, ...]] = {}
    for entry in named if isinstance(named, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("request_id"), str | int):
            request_id = str(entry["request_id"])
            items[request_id] = items.get(request_id, ()) + _field_errors(entry.get("errors"))
    return items


def _field_errors(errors: object) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(
            code=_shortened(str(error.get("code", ""))),
            path=_shortened(str(error.get("path", ""))),
            detail=_shortened(str(error.get("detail", ""))),
        )
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    )


def _retry_after(headers: Mapping[str, str], problem: Mapping[str, object] | None) -> float | None:
    """Seconds to wait: the header, else the body (Kommo puts it there), else nobody said."""
    told: object = headers.get("retry-after")
    if told is None and problem is not None:
        told = problem.get("retry_after")
    seconds = _seconds(told)
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _seconds(told: object) -> float | None:
    """A number of seconds, or an HTTP date (RFC 9110 10.2.3) as seconds from now."""
    if not isinstance(told, str | int | float):
        return None
    try:
        seconds = float(told)
    except ValueError:
        return _seconds_until(str(told))
    return seconds if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - datetime.now(UTC)).total_seconds()
