"""Reading JSON bodies: of a known length, short, and strictly what the schema says."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.http import UnreadablePostError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from organizations.api.problems import LengthRequiredError, TooLargeError

MOST_BYTES = 16 * 1024  # a hundred permalinks take two thousand


class JsonBody(BaseParser):
    """orjson: it neither recurses until Python gives up nor takes NaN for a number."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """What the body holds. Raises ParseError."""
        try:
            return orjson.loads(stream.read(MOST_BYTES))
        except (orjson.JSONDecodeError, UnreadablePostError) as error:
            raise ParseError from error


def check_length(request: Request) -> None:
    """Before anything of the body is read. Raises LengthRequiredError, TooLargeError."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequiredError
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise LengthRequiredError from None
    if length < 0:
        raise LengthRequiredError
    if length > MOST_BYTES:
        raise TooLargeError
