"""A plain HTTP client for contract tests: one kept-alive connection, no retries, no courtesy."""

import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

TOKEN = "emulator-token"
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Talker:
    """Speaks to one emulated service; `control` to its control plane."""

    def __init__(self, url: str, *, token: str | None = TOKEN) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.token = token
        self._connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def ask(
        self,
        method: str,
        path: str,
        payload: Any = None,
        *,
        query: dict[str, Any] | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """`payload` goes as JSON, `raw` as it is. ConnectionError when there is no answer."""
        body = raw if payload is None else orjson.dumps(payload)
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            self._connection.request(method, target, body=body, headers=sent)
            response = self._connection.getresponse()
            content = response.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, content)

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", path, query=query)

    def post(self, path: str, payload: Any) -> Answer:
        return self.ask("POST", path, payload)

    def patch(self, path: str, payload: Any) -> Answer:
        return self.ask("PATCH", path, payload)

    def control(self, method: str, path: str, payload: Any = None) -> Any:
        """The answer of the control plane, which must agree."""
        answer = self.ask(method, f"/_control/{path}", payload)
        assert answer.status == 200, answer.body
        return answer.json

    def set(self, **settings: Any) -> None:
        self.control("PATCH", "settings", settings)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})
