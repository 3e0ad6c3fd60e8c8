"""The API as a program reaches it: by the addresses it has been told, with its token."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from organizations import api_tokens
from tests.sharded import client

ROOT = "/api/organizations"
UID = 700_001


@dataclass(frozen=True, slots=True)
class Answered:
    """`body`: what `content` says, None where it is empty."""

    status: int
    content: bytes
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """Of a problem, which is checked to be one."""
        assert self.headers["Content-Type"] == "application/problem+json"
        assert self.body["status"] == self.status
        assert self.body["type"].endswith(self.body["code"])
        return str(self.body["code"])


@dataclass(frozen=True, slots=True)
class Api:
    """A program's side. `token` empty: it shows none."""

    token: str
    http: Client = field(default_factory=Client)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answered:
        """The body in JSON, unless it is bytes already."""
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        sent = {"Content-Type": "application/json", **headers}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        kind = sent.pop("Content-Type")
        given = self.http.generic(method, ROOT + path, data, kind, headers=sent)
        content = given.content
        said = json.loads(content) if content else None
        return Answered(given.status_code, content, said, given.headers)

    def get(self, path: str) -> Answered:
        return self.ask("GET", path)

    def put(self, path: str, body: object) -> Answered:
        return self.ask("PUT", path, body)

    def post(self, path: str, body: object) -> Answered:
        return self.ask("POST", path, body)

    def delete(self, path: str) -> Answered:
        return self.ask("DELETE", path)


@pytest.fixture
def client_id(db: None) -> int:
    """An advertiser on the second shard."""
    return client(shard=2)


@pytest.fixture
def api(client_id: int) -> Api:
    """A program that may act for that client, and nobody else."""
    return Api(api_tokens.issue(name="интерфейс", client_ids=[client_id], uid=UID))
