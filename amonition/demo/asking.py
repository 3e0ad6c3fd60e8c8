"""JSON over HTTP, to the emulators and to the service itself."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from amonition.demo.errors import DemoError

ANSWER_SECONDS = 5.0


def ask(
    method: str, url: str, body: object = None, *, headers: Mapping[str, str] | None = None
) -> Any:
    """The answer. Raises DemoError where it is none of success."""
    given = {"Content-Type": "application/json", **(headers or {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        request = Request(url, data=data, method=method, headers=given)  # noqa: S310 - our own loopback
        with opener().open(request, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)
    except (URLError, OSError) as error:
        raise DemoError(f"{method} {url}: {error}") from error


def opener() -> OpenerDirector:
    """Without the proxies of our environment: they do not reach our loopback."""
    return build_opener(ProxyHandler({}))
