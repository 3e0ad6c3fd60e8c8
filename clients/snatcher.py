"""Snatcher: takes over the offers of a profile elsewhere. Its contract is ours
(docs/contracts/snatcher.openapi.yaml)."""

import orjson

from clients.calls import Call
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, text
from clients.transport import PATIENCE, Transport

PATH = "/api/v1/transfers"


class Snatcher:
    """The service, for one thread."""

    def __init__(self, transport: Transport) -> None:
        self._service = JsonService(transport)

    def start(
        self,
        profile_url: str,
        phone: str,
        *,
        idempotency_key: str,
        lane: Lane = Lane.INTERACTIVE,
        patience: float = PATIENCE,
    ) -> str:
        """Ask for a transfer; its transfer_id. Sent at most once.

        ValidationError: the service refuses it (422), in its own words in `detail`.
        UnknownOutcomeError: the answer got lost; `find` says what became of it.
        ValueError: the key fits no header.
        """
        if not _fits_a_header(idempotency_key):
            raise ValueError("the idempotency key fits no header")
        call = Call(
            "POST",
            PATH,
            body=orjson.dumps({"profile_url": profile_url, "phone": phone}),
            headers={"Idempotency-Key": idempotency_key},
            writes=True,
            repeatable=False,  # the key would bear it, but what cannot be undone is looked up first
        )
        return self._service.write(call, _transfer_id, lane=lane, patience=patience)

    def find(
        self,
        idempotency_key: str,
        *,
        lane: Lane = Lane.INTERACTIVE,
        patience: float = PATIENCE,
    ) -> str | None:
        """The transfer_id of this key; None where the service itself says it has none (404)."""
        params = (("idempotency_key", idempotency_key),)
        call = Call("GET", PATH, params=params, may_be_absent=True)
        return self._service.find(call, _transfer_id, lane=lane, patience=patience)


def _transfer_id(found: JsonObject) -> str:
    return text(found, "transfer_id")


def _fits_a_header(key: str) -> bool:
    return key != "" and key.isascii() and key.isprintable() and " " not in key
