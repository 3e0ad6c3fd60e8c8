"""Subscriptions to amoCRM's events.

https://www.amocrm.ru/developers/content/crm_platform/webhooks-api (checked 2026-11-22). For the
account's administrators; at most 100 in an account.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from clients.calls import Call
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, ShapeError, child, flag, integer, objects, text
from clients.transport import PATIENCE

PATH = "/api/v4/webhooks"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription. `disabled`: by amoCRM, after too many answers it did not like."""

    webhook_id: int
    url: str
    events: frozenset[str]
    disabled: bool


class Webhooks:
    """The subscriptions of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def list(self, *, lane: Lane, patience: float = PATIENCE) -> tuple[Webhook, ...]:
        """All of them, those of other integrations too; there are no pages."""
        found = self._service.read(Call("GET", PATH), _webhooks, lane=lane, patience=patience)
        return found or ()

    def subscribe(
        self, url: str, events: Sequence[str], *, lane: Lane, patience: float = PATIENCE
    ) -> Webhook:
        """Subscribe `url` to exactly these events; one that is subscribed already is changed."""
        body = orjson.dumps({"destination": url, "settings": list(events)})
        call = Call("POST", PATH, body=body, writes=True)
        return self._service.write(call, _webhook, lane=lane, patience=patience)

    def unsubscribe(self, url: str, *, lane: Lane, patience: float = PATIENCE) -> None:
        """Have nothing sent to `url` any more; done as well where nothing was. May be repeated."""
        body = orjson.dumps({"destination": url})
        call = Call("DELETE", PATH, body=body, writes=True, may_be_absent=True)
        self._service.remove(call, lane=lane, patience=patience)


def _webhooks(found: JsonObject) -> tuple[Webhook, ...]:
    return tuple(_webhook(each) for each in objects(child(found, "_embedded"), "webhooks"))


def _webhook(found: JsonObject) -> Webhook:
    events = found.get("settings")
    if not isinstance(events, list):
        raise ShapeError("settings is no list")
    return Webhook(
        webhook_id=integer(found, "id"),
        url=text(found, "destination"),
        events=frozenset(str(event) for event in events),
        disabled=flag(found, "disabled"),
    )
