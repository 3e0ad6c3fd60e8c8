"""What all endpoints have in common: who asks, how often, about whose client, and in which form."""

import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from organizations.api import problems
from organizations.api.authentication import BearerToken, HasToken
from organizations.api.parsing import JsonBody, check_length
from organizations.api.serializers import MOST_ID, Body
from organizations.api.throttling import PerToken
from organizations.api_tokens import Caller
from organizations.refusals import NotYoursError

NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")
WITH_BODY = frozenset({"POST", "PUT"})


class JsonAlways(BaseContentNegotiation):
    """One form of answer, whatever is said to be acceptable."""

    def select_parser(self, request: Request, parsers: Iterable[Any]) -> Any:
        """The one whose media type it is, or None: 415."""
        media_type, _, _ = (request.content_type or "").partition(";")
        fitting = (each for each in parsers if each.media_type == media_type.strip().lower())
        return next(fitting, None)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's signature
        renderers: Iterable[Any],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[Any, str]:
        """JSON."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


@method_decorator(never_cache, name="dispatch")
class Endpoint(APIView):
    """For whoever has a token."""

    authentication_classes = (BearerToken,)
    permission_classes = (HasToken,)
    throttle_classes = (PerToken,)
    parser_classes = (JsonBody,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = JsonAlways
    http_method_names = ["get", "put", "post", "delete", "head"]

    def get_exception_handler(self) -> Any:
        """Errors are problems."""
        return problems.answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Token, pace, then the length of the body."""
        super().initial(request, *args, **kwargs)
        if request.method in WITH_BODY:
            check_length(request)


class ClientEndpoint(Endpoint):
    """About one client. One that is unknown, or not the token's, cannot be told from nothing."""

    client_id: int

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotYoursError."""
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods:
            return  # 405, whoever's client it is
        self.client_id = number(kwargs["client_id"])
        if self.client_id not in caller(request).client_ids:
            raise NotYoursError


class Nowhere(Endpoint):
    """Any other address under ours."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """Whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotYoursError


def caller(request: Request) -> Caller:
    """Who asks: `HasToken` has made sure that there is somebody."""
    user = request.user
    assert isinstance(user, Caller)  # noqa: S101 - for the type checker
    return user


def body(request: Request, kind: type[Body]) -> dict[str, Any]:
    """What the request wants. Raises ValidationError."""
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    wanted: dict[str, Any] = given.validated_data
    return wanted


def number(text: str) -> int:
    """An id of the address. What cannot be one is nobody's: raises NotYoursError."""
    if not NUMBER.fullmatch(text) or int(text) > MOST_ID:
        raise NotYoursError
    return int(text)


def permalink_of(text: str) -> int:
    """A permalink of the address. Raises ValidationError: they are not secret."""
    if not NUMBER.fullmatch(text) or int(text) > MOST_ID:
        raise ValidationError({"permalink": [f"Число от 1 до {MOST_ID}"]})
    return int(text)
