"""What the schema says of every endpoint alike."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from organizations.api.problems import MEDIA_TYPE
from organizations.api.serializers import MOST_ID, ProblemSerializer

F = TypeVar("F", bound=Callable[..., Any])

ID: Final = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MOST_ID}
MEANINGS: Final[Mapping[int, str]] = {
    400: "The request is not what this schema says",
    401: "No valid token",
    404: "No such client, campaign, banner or address for this token",
    405: "No such method here",
    409: "Somebody has changed it meanwhile, or is at it: look again",
    411: "The body's length is not told",
    413: "The body is too large",
    415: "The body is no JSON",
    422: "Refused: `code` says why, `detail` what to do",
    429: "Too many requests with this token",
    503: "The Directory or the database does not answer",
}
ALWAYS: Final = (401, 405, 429, 503)
WITH_IDS: Final = (404,)
WITH_BODY: Final = (400, 411, 413, 415)
RETRY_AFTER: Final = OpenApiParameter(
    "Retry-After", OpenApiTypes.INT, OpenApiParameter.HEADER, response=[429, 503]
)
LOCATION: Final = OpenApiParameter(
    "Location", OpenApiTypes.URI_REF, OpenApiParameter.HEADER, response=[202]
)


def documented(
    operation_id: str,
    summary: str,
    *,
    answers: Mapping[int, type[Serializer[Any]] | None],
    request: type[Serializer[Any]] | None = None,
    refusals: tuple[int, ...] = (),
    ids: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """`answers`: what is given where all is well; `refusals`: beyond those of every endpoint."""
    by_body = WITH_BODY if request is not None else ()
    refused = {*ALWAYS, *refusals, *by_body, *(WITH_IDS if ids else ())}
    responses: dict[Any, Any] = {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, MEANINGS[status])
        for status in sorted(refused)
    }
    headers = [RETRY_AFTER, *([LOCATION] if 202 in answers else [])]
    parameters = [OpenApiParameter(name, ID, OpenApiParameter.PATH) for name in ids]
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        tags=["organizations"],
        request=request,
        parameters=[*parameters, *headers],
        responses={**answers, **responses},
    )
