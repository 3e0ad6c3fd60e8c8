"""The feeds service: which seller is loaded from which feed."""

import threading
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from emulators.inhouse import InhouseService, read_object, unprocessable
from emulators.messages import Request, Response, answer
from emulators.people import Feed, People

MAX_IDS = 500
MAX_LOADED = 100_000  # feeds put by clients; more are refused rather than remembered


class FeedsService(InhouseService):
    """Feeds put by clients go before those that sellers were born with."""

    def __init__(self, people: People) -> None:
        super().__init__()
        self._people = people
        self._feeds_lock = threading.Lock()
        self._loaded: dict[str, str] = {}
        self._puts: Counter[str] = Counter()
        self.routes.add("POST", "/api/v1/feeds/lookup", self._lookup)
        self.routes.add("PUT", "/api/v1/sellers/{seller_id}/feed", self._put)

    def forget(self) -> None:
        with self._feeds_lock:
            self._loaded.clear()
            self._puts.clear()

    def audit(self) -> dict[str, Any]:
        """`loaded`: the feed in effect by seller; `puts`: how often each was put in its place."""
        with self._feeds_lock:
            return {**super().audit(), "loaded": dict(self._loaded), "puts": dict(self._puts)}

    def _lookup(self, request: Request) -> Response:
        body = read_object(request)
        seller_ids = body.get("seller_ids")
        if not isinstance(seller_ids, list) or len(seller_ids) > MAX_IDS:
            return unprocessable(f"seller_ids: a list of up to {MAX_IDS}")
        if not all(type(seller_id) is str for seller_id in seller_ids):
            return unprocessable("seller_ids: strings")
        found = []
        for seller_id in seller_ids:
            feed = self._feed(seller_id)
            if feed is not None:
                found.append(
                    {
                        "seller_id": seller_id,
                        "feed_url": feed.feed_url,
                        "errors_url": feed.errors_url,
                    }
                )
        return answer({"feeds": found})

    def _feed(self, seller_id: str) -> Feed | None:
        loaded = self._loaded.get(seller_id)
        if loaded is not None:
            return Feed(loaded, None)
        number = self._people.number_of(seller_id)
        return None if number is None else self._people.feed(number)

    def _put(self, request: Request) -> Response:
        body = read_object(request)
        url, seller_id = str(body.get("url")), request.params["seller_id"]
        if self._people.number_of(seller_id) is None:
            return unprocessable("no such seller")
        if not is_web_address(url) or body.get("periodic") is not True:
            return unprocessable("url: an http(s) address; periodic: true")
        with self._feeds_lock:
            if len(self._loaded) >= MAX_LOADED and seller_id not in self._loaded:
                return unprocessable("too many feeds")
            self._loaded[seller_id] = url
            self._puts[seller_id] += 1
        return answer({"feed_id": f"feed-{seller_id}"})


def is_web_address(url: object) -> bool:
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in url
