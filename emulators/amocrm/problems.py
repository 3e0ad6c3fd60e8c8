"""amoCRM's refusals, in the shapes of the public contract (amocrm-contract.md 1.6, 2.6, 6)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from emulators.messages import PROBLEM, Response, html

NOT_A_CHOICE = "NotSupportedChoice"
NOT_EXPECTED = "FieldNotExpected"
WRONG_TYPE = "InvalidType"
MISSING = "FieldMissing"
TOO_LONG = "TooLong"
BLANK = "NotBlank"
BAD_URL = "InvalidUrl"
BAD_TEXT = "InvalidCharacters"
TOO_MANY = "TooMany"

_DETAILS = {
    NOT_A_CHOICE: "The value you selected is not a valid choice.",
    NOT_EXPECTED: "This field was not expected.",
    MISSING: "This field is missing.",
    TOO_LONG: "This value is too long.",
    BLANK: "This value should not be blank.",
    BAD_URL: "This value is not a valid URL.",
    BAD_TEXT: "This value contains characters that are not allowed.",
    TOO_MANY: "This collection should contain exactly 1 element.",
}


class AnsweredError(Exception):
    """The request is refused as a whole, with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class RefusedError(Exception):
    """Something in an item is not valid. `path` is relative to the place that is being read."""

    def __init__(self, code: str, path: str = "", *, expected: str = "") -> None:
        super().__init__(code, path)
        self.code = code
        self.path = path
        self.detail = _DETAILS.get(code) or f"This value should be of type {expected}."

    def at(self, prefix: str) -> "RefusedError":
        """The same, seen from one level up."""
        self.path = f"{prefix}.{self.path}" if self.path else prefix
        return self


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error of one item of a batch."""

    request_id: str
    error: RefusedError


def problem(status: int, detail: str, *, refused: str, **more: Any) -> Response:
    payload = {
        "title": HTTPStatus(status).phrase,
        "type": f"https://httpstatus.es/{status}",
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(status, orjson.dumps(payload), PROBLEM, refused=refused)


def invalid(complaints: Iterable[Complaint]) -> Response:
    """The whole batch is refused; the answer names the bad items."""
    by_item: dict[str, list[dict[str, str]]] = {}
    for each in complaints:
        error = {"code": each.error.code, "path": each.error.path, "detail": each.error.detail}
        by_item.setdefault(each.request_id, []).append(error)
    named = [{"request_id": item, "errors": errors} for item, errors in by_item.items()]
    response = problem(400, "Request validation failed", refused="validation")
    payload = {"validation-errors": named, **orjson.loads(response.body)}
    try:
        response.body = orjson.dumps(payload)
    except TypeError:  # a lone surrogate in a key or a request_id: told back escaped
        response.body = json.dumps(payload).encode()
    return response


def bad_request(detail: str) -> Response:
    return problem(400, detail, refused="bad_request")


def unauthorized() -> Response:
    return problem(401, "Неверный логин или пароль", refused="unauthorized")


def unpaid() -> Response:
    return problem(402, "Payment required", refused="unpaid")


def no_rights() -> Response:
    return problem(403, "Forbidden", refused="no_rights")


def too_many_items() -> Response:
    return problem(422, "Limit 250 per page", refused="too_many_items")


def blocked() -> Response:
    return html(403, "Forbidden", refused="blocked")


def too_many_requests(*, as_json: bool, retry_after: int) -> Response:
    if as_json:
        return problem(429, "Too many requests", refused="rate", retry_after=retry_after)
    return html(429, "Too Many Requests", refused="rate")
