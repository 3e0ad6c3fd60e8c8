"""Errors as `application/problem+json` (RFC 9457): a code for programs, Russian text for people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from django.db import InterfaceError, OperationalError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ads.shards import UnknownClientError
from organizations.refusals import LinkRefusedError, NotYoursError

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:x-amonition:problem:"
RETRY_AFTER = 60  # seconds; as the texts of what is unavailable say
# Refusals that are not about what was wished for (422).
STATUS_OF_REFUSAL: Final[Mapping[str, HTTPStatus]] = {
    "organization.directory_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "link.changed": HTTPStatus.CONFLICT,
    "campaign.too_many_changes": HTTPStatus.CONFLICT,
}


class LengthRequiredError(exceptions.APIException):
    """A body that does not say how long it is."""

    status_code = HTTPStatus.LENGTH_REQUIRED


class TooLargeError(exceptions.APIException):
    """A body that nobody needs."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@dataclass(frozen=True, slots=True)
class Problem:
    """`text`: what to do next."""

    status: int
    code: str
    text: str
    details: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None

    def response(self, headers: Mapping[str, str]) -> Response:
        """With the headers that the status goes with."""
        sent = dict(headers)
        if self.retry_after is not None:
            sent["Retry-After"] = str(self.retry_after)
        body = {
            "type": TYPE + self.code,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.text,
            "details": self.details,
        }
        return Response(body, status=self.status, headers=sent, content_type=MEDIA_TYPE)


NOT_FOUND: Final = Problem(
    HTTPStatus.NOT_FOUND,
    "not_found",
    "По этому адресу для вашего токена ничего нет: проверьте адрес, клиента, кампанию и баннер",
)
AWAY: Final = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "service.unavailable",
    "База данных не отвечает. Повторите через минуту",
    retry_after=RETRY_AFTER,
)
# Those of REST framework; texts are our own, since its are about programs.
KNOWN: Final[Mapping[int, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("request.malformed", "Тело запроса не JSON: исправьте и повторите"),
    HTTPStatus.UNAUTHORIZED: (
        "token.invalid",
        "Нужен действующий токен: Authorization: Bearer <токен>. Новый выдаёт администратор",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "request.method_not_allowed",
        "Такого метода у этого адреса нет: допустимые в заголовке Allow",
    ),
    HTTPStatus.LENGTH_REQUIRED: (
        "request.length_required",
        "Пришлите тело с заголовком Content-Length",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "request.too_large",
        "Тело запроса слишком большое: разделите запрос",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "request.media_type",
        "Тело принимается только в JSON: Content-Type: application/json",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "request.throttled",
        "Слишком много запросов с этим токеном: повторите через столько секунд, сколько указано в"
        " Retry-After",
    ),
}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. None: nobody has foreseen it, so it is raised."""
    if (ours := _ours(error)) is not None:
        return ours.response({})
    usual = exception_handler(error, context)
    if usual is None:
        return None
    headers = {name: usual.headers[name] for name in ("Allow", "WWW-Authenticate") if name in usual}
    return _usual(error, usual.status_code).response(headers)


def refusal(error: LinkRefusedError) -> dict[str, object]:
    """The part of a problem that a preview shows before there is one."""
    return {"code": error.code, "detail": error.text, "details": dict(error.details)}


def _ours(error: Exception) -> Problem | None:
    if isinstance(error, LinkRefusedError):
        status = STATUS_OF_REFUSAL.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
        wait = RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return Problem(status, error.code, error.text, error.details, retry_after=wait)
    if isinstance(error, (NotYoursError, UnknownClientError)):
        return NOT_FOUND
    if isinstance(error, (InterfaceError, OperationalError)):
        return AWAY
    return None


def _usual(error: Exception, status: int) -> Problem:
    if status == HTTPStatus.NOT_FOUND:
        return NOT_FOUND
    if isinstance(error, exceptions.ValidationError):
        return Problem(
            status,
            "request.invalid",
            "В запросе есть ошибки: исправьте названные поля и повторите",
            {"fields": error.detail},
        )
    code, text = KNOWN[status]
    # An attribute that the stubs do not know.
    wait: float | None = getattr(error, "wait", None)
    return Problem(status, code, text, retry_after=None if wait is None else math.ceil(wait))
