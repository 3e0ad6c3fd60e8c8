"""What goes over the wire: a request as it came, an answer and the manner of sending it."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
JSON = "application/json"
HTML = "text/html"


@dataclass(slots=True)
class Request:
    """`arrived`: when its first byte was readable, seconds of the monotonic clock.

    `too_large`: the body went over the server's limit and was thrown away.
    `only_first_half`: a fault asks that a batch be committed halfway.
    """

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    arrived: float
    too_large: bool = False
    only_first_half: bool = False
    params: dict[str, str] = field(default_factory=dict)

    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    def bearer(self) -> str | None:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if kind.lower() == "bearer" else None


@dataclass(slots=True)
class Response:
    """`refused`: why nothing was done, for the audit.

    The manner of sending: `delay` seconds before the first byte, `byte_pause` seconds between
    bytes; `cut_at` this share of the bytes the connection ends, by a reset where `reset` is set.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    delay: float = 0.0
    byte_pause: float = 0.0
    cut_at: float | None = None
    reset: bool = False


def answer(payload: Any, *, status: int = 200, content_type: str = JSON) -> Response:
    return Response(status, orjson.dumps(payload), content_type)


def no_content() -> Response:
    return Response(204)


def html(status: int, reason: str, *, refused: str = "") -> Response:
    """The page a gateway answers with."""
    page = (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return Response(status, page.encode(), HTML, refused=refused)
