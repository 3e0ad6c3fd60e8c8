"""The door: where amoCRM brings its events. Store, answer, then work."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.crypto import constant_time_compare
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from webhooks import inbox
from webhooks.bell import bell
from webhooks.knocks import knocks
from webhooks.models import Door

logger = logging.getLogger(__name__)

MOST_BYTES = 4 * 2**20  # amoCRM's largest body, 250 companies, has a third of it
KEPT_HEADERS = {
    "Content-Type": "CONTENT_TYPE",
    "User-Agent": "HTTP_USER_AGENT",
    "X-Request-Id": "HTTP_X_REQUEST_ID",
}
LONGEST_HEADER = 200  # characters
WRONG_SECRET = "webhooks_wrong_secret"  # noqa: S105 - a counter's name


class NothingToNegotiate(BaseContentNegotiation):
    """There is nothing in our answers, so nobody is asked in which form they would be liked."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:  # noqa: ARG002 - DRF's
        return None

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's signature
        renderers: Iterable[Any],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[Any, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class DoorView(APIView):
    """One POST is one row. Nothing here looks into the body.

    Answers other than 2xx count towards amoCRM switching the hook off, so what cannot be
    understood is stored too, and found out later.
    """

    authentication_classes = ()
    permission_classes = ()
    parser_classes = ()
    content_negotiation_class = NothingToNegotiate
    schema = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """404 to whoever does not know the secret, whatever the method, and however often."""
        if _is_secret(str(kwargs["secret"])):
            return super().dispatch(request, *args, **kwargs)
        bell.count(WRONG_SECRET)
        address = request.META.get("REMOTE_ADDR", "")
        if knocks.is_news(address):
            logger.warning("door.wrong_secret", extra={"address": address})
        return _answer(HTTPStatus.NOT_FOUND)

    def perform_authentication(self, request: Request) -> None:
        """The secret has said who it is; there are no users here."""

    @extend_schema(exclude=True)
    def post(self, request: Request, secret: str, door: Door) -> HttpResponse:  # noqa: ARG002 - the URL's
        """204 stored, 413 too large, 503 nowhere to store it."""
        length = _announced(request)
        if length is None:
            return _answer(HTTPStatus.LENGTH_REQUIRED)  # Django would read nothing of it
        if length > MOST_BYTES:
            bell.count("webhooks_too_large")
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            body = request._request.read()
        except UnreadablePostError:
            return _answer(HTTPStatus.BAD_REQUEST)  # nobody is there to read it
        if len(body) < length:
            return _answer(HTTPStatus.BAD_REQUEST)  # it broke off; amoCRM brings it again
        try:
            is_new = inbox.receive(door=door, body=body, headers=_kept(request))
        except inbox.InboxFullError:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
        if is_new:
            bell.ring(after=inbox.wait_at(door))
        else:
            bell.count("webhooks_repeated")
        return _answer(HTTPStatus.NO_CONTENT)


def _is_secret(given: str) -> bool:
    """Compares with every secret, each in constant time."""
    matches = [constant_time_compare(given, secret) for secret in settings.WEBHOOK_SECRETS]
    return any(matches)


def _answer(status: HTTPStatus) -> HttpResponse:
    """Nothing but the status. The length keeps the server from sending it in chunks."""
    headers = {"Content-Type": "text/plain", "Content-Length": "0"}
    return HttpResponse(status=status, headers=headers)


def _announced(request: Request) -> int | None:
    """The body's length as the headers have it; None where it comes in chunks."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return None
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _kept(request: Request) -> dict[str, str]:
    return {
        name: request.META[key][:LONGEST_HEADER].replace("\x00", "")
        for name, key in KEPT_HEADERS.items()
        if key in request.META
    }
