"""The feeds service: which sellers load their offers by a feed, and from where. Its contract is
ours (docs/contracts/feeds.openapi.yaml)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from clients.calls import Call, segment
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, ShapeError, objects, text, text_or_none
from clients.transport import PATIENCE, Transport

MOST_SELLERS = 500  # per request, by the contract


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a seller's feed lies, and where its errors can be read."""

    feed_url: str
    errors_url: str | None


class Feeds:
    """The service, for one thread."""

    def __init__(self, transport: Transport) -> None:
        self._service = JsonService(transport)

    def lookup(
        self,
        seller_ids: Sequence[str],
        *,
        lane: Lane = Lane.BULK,
        patience: float = PATIENCE,
    ) -> Mapping[str, Feed]:
        """The feeds of those of at most 500 sellers who have one.

        A seller that is not in it has no feed: only a complete and well-formed 200 is returned,
        everything else raises.
        """
        asked = frozenset(seller_ids)
        if len(asked) > MOST_SELLERS:
            raise ValueError(f"{len(asked)} sellers, at most {MOST_SELLERS}")
        call = Call("POST", "/api/v1/feeds/lookup", body=orjson.dumps({"seller_ids": list(asked)}))
        return self._service.fetch(
            call, lambda found: _feeds(found, asked), lane=lane, patience=patience
        )

    def put(
        self,
        seller_id: str,
        url: str,
        *,
        lane: Lane = Lane.INTERACTIVE,
        patience: float = PATIENCE,
    ) -> str:
        """Have this feed loaded, now and periodically; its feed_id. May be repeated.

        ValidationError: the service refuses it (422), in its own words in `detail`.
        UnknownOutcomeError: the answer got lost; repeat. ValueError: no id at all (`segment`).
        """
        path = f"/api/v1/sellers/{segment(seller_id)}/feed"
        body = orjson.dumps({"url": url, "periodic": True})
        call = Call("PUT", path, body=body, writes=True)
        return self._service.write(
            call, lambda found: text(found, "feed_id"), lane=lane, patience=patience
        )


def _feeds(found: JsonObject, asked: frozenset[str]) -> dict[str, Feed]:
    feeds: dict[str, Feed] = {}
    for item in objects(found, "feeds"):
        seller_id = text(item, "seller_id")
        if seller_id not in asked or seller_id in feeds:
            raise ShapeError("seller_id is one that was not asked for, or there twice")
        feeds[seller_id] = Feed(text(item, "feed_url"), text_or_none(item, "errors_url"))
    return feeds
