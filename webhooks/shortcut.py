"""The doors' requests go round the middleware that pages need: sessions, users, messages, CSRF tokens."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve

PATH = "/webhooks/"


def shortcut(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware. What stands before it in the settings holds for the doors too, the rest does not."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PATH):
            return get_response(request)
        found = resolve(request.path_info)  # or 404
        request.resolver_match = found
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answer

    return respond
