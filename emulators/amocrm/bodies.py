"""Bodies of API requests: what is refused before anybody looks at an item, by AnsweredError."""

import json
from dataclasses import dataclass
from typing import Any

import orjson

from emulators.amocrm.odd_text import odd_text_at
from emulators.amocrm.problems import AnsweredError, bad_request, problem, too_many_items
from emulators.messages import Request

MAX_ITEMS = 250
_NO_JSON = "Request data is not a valid JSON"


@dataclass(frozen=True, slots=True)
class Body:
    """`odd_text`: somewhere in it is text that no database can hold."""

    payload: Any
    odd_text: bool


def read_body(request: Request) -> Body:
    if request.too_large:
        raise AnsweredError(problem(413, "Request Entity Too Large", refused="too_large"))
    if not request.body:
        raise AnsweredError(bad_request("Request data can not be empty"))
    try:
        payload = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return _read_odd(request.body)
    return Body(payload, b"\\u0000" in request.body and odd_text_at(payload) is not None)


def _read_odd(body: bytes) -> Body:
    """orjson takes no lone surrogates; whether they are all that is wrong, json knows."""
    try:
        payload = json.loads(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise AnsweredError(bad_request(_NO_JSON)) from error
    if odd_text_at(payload) is None:
        raise AnsweredError(bad_request(_NO_JSON))
    return Body(payload, odd_text=True)


def read_payload(request: Request) -> Any:
    """A body in which odd text is refused as a whole, without naming an item."""
    body = read_body(request)
    if body.odd_text:
        raise AnsweredError(bad_request(_NO_JSON))
    return body.payload


def read_object(request: Request) -> dict[str, Any]:
    payload = read_payload(request)
    if not isinstance(payload, dict):
        raise AnsweredError(bad_request("Request data should be an object"))
    return payload


def checked_items(payload: Any) -> list[Any]:
    """A batch: a list of 1 to 250 items."""
    if not isinstance(payload, list):
        raise AnsweredError(bad_request("Request data should be an array"))
    if not payload:
        raise AnsweredError(bad_request("Request data can not be empty"))
    if len(payload) > MAX_ITEMS:
        raise AnsweredError(too_many_items())
    return payload


def request_id_of(item: Any, index: int) -> str:
    """What the sender calls the item, else its place in the batch."""
    given = item.get("request_id") if isinstance(item, dict) else None
    return str(index if given is None else given)


def read_page(given: dict[str, str], *, default_limit: int) -> tuple[int, int]:
    """`page` (from 1) and `limit` of a list."""
    limit = _positive(given.get("limit"), default_limit)
    page = _positive(given.get("page"), 1)
    if limit > MAX_ITEMS:
        raise AnsweredError(too_many_items())
    return page, limit


def _positive(value: str | None, default: int) -> int:
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) < 10 and int(value):
        return int(value)
    raise AnsweredError(bad_request(f"Not a page or limit: {value}"))
