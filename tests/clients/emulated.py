"""The control plane of an emulated service."""

import json
import urllib.error
import urllib.request
from typing import Any


class Control:
    """What managers do in the account, what goes wrong, and what a judge asks."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, body)

    def patch(self, path: str, body: object) -> Any:
        return self._ask("PATCH", path, body)

    def put(self, path: str, body: object) -> Any:
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path, None)

    def settings(self, **changes: object) -> None:
        self._ask("PATCH", "settings", changes)

    def fault(self, kind: str, **more: object) -> None:
        """Goes wrong once, unless told otherwise."""
        self.post("faults", [{"kind": kind, "times": 1, **more}])

    def _ask(self, method: str, path: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 - a loopback URL of our own
            f"{self._url}/_control/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                raise AssertionError(f"{method} {path}: {refused.read().decode()}") from refused
