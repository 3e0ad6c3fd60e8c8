"""The door: where amoCRM brings its events. Store, answer, then work."""

import logging
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

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


@method_decorator(csrf_exempt, name="dispatch")
class DoorView(View):
    """One POST is one row. Nothing here looks into the body.

    Answers other than 2xx count towards amoCRM switching the hook off, so what cannot be
    understood is stored too, and found out later. No APIView: there is nothing to authenticate,
    negotiate or render, and that would be a third of the time.
    """

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """404 to whoever does not know the secret, whatever the method, and however often."""
        if not _is_secret(str(kwargs["secret"])):
            bell.count(WRONG_SECRET)
            address = request.META.get("REMOTE_ADDR", "")
            if knocks.is_news(address):
                logger.warning("door.wrong_secret", extra={"address": address})
            return _answer(HTTPStatus.NOT_FOUND)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, secret: str, door: Door) -> HttpResponse:  # noqa: ARG002 - the URL's
        """204 stored, 413 too large, 503 nowhere to store it."""
        length = _announced(request)
        if length is None:
            return _answer(HTTPStatus.LENGTH_REQUIRED)  # Django would read nothing of it
        if length > MOST_BYTES:
            bell.count("webhooks_too_large")
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            body = request.read()
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


def _announced(request: HttpRequest) -> int | None:
    """The body's length as the headers have it; None where it comes in chunks."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return None
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _kept(request: HttpRequest) -> dict[str, str]:
    return {
        name: request.META[key][:LONGEST_HEADER].replace("\x00", "")
        for name, key in KEPT_HEADERS.items()
        if key in request.META
    }
