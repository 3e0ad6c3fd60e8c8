"""Snatcher: takes over the ads of a profile elsewhere, one transfer per idempotency key."""

import re
import threading
from collections import Counter
from typing import Any

from emulators.feeds import is_web_address
from emulators.inhouse import InhouseService, read_object, unknown, unprocessable
from emulators.messages import Request, Response, answer

MAX_TRANSFERS = 100_000
MAX_AUDITED = 1000  # transfers, and repeated keys, shown by the audit, newest last
_DIGITS = re.compile(r"\d")


class SnatcherService(InhouseService):
    def __init__(self) -> None:
        super().__init__()
        self._transfers_lock = threading.Lock()
        self._transfers: dict[str, dict[str, Any]] = {}
        self._asked: Counter[str] = Counter()
        self.routes.add("POST", "/api/v1/transfers", self._start)
        self.routes.add("GET", "/api/v1/transfers", self._find)

    def forget(self) -> None:
        with self._transfers_lock:
            self._transfers.clear()
            self._asked.clear()

    def audit(self) -> dict[str, Any]:
        """`repeated`: requests beyond the first of their key; `repeats`: how many of each key."""
        with self._transfers_lock:
            transfers = list(self._transfers.values())
            repeats = {key: asked - 1 for key, asked in self._asked.items() if asked > 1}
            return {
                **super().audit(),
                "transfers": len(transfers),
                "repeated": sum(repeats.values()),
                "repeats": dict(list(repeats.items())[-MAX_AUDITED:]),
                "latest": transfers[-MAX_AUDITED:],
            }

    def _start(self, request: Request) -> Response:
        """The same key again answers with the same transfer and starts nothing."""
        key, body = request.headers.get("idempotency-key", ""), read_object(request)
        problem = _problem(key, body)
        if problem is not None:
            return unprocessable(problem)
        wanted = {"profile_url": body["profile_url"], "phone": body["phone"]}
        with self._transfers_lock:
            known = self._transfers.get(key)
            if known is not None and not wanted.items() <= known.items():
                return unprocessable("the key belongs to another transfer")
            if known is None and len(self._transfers) >= MAX_TRANSFERS:
                return unprocessable("too many transfers")
            self._asked[key] += 1
            transfer = self._transfers.setdefault(
                key,
                {
                    "transfer_id": f"transfer-{len(self._transfers) + 1}",
                    "idempotency_key": key,
                    **wanted,
                },
            )
        return answer({"transfer_id": transfer["transfer_id"]}, status=202)

    def _find(self, request: Request) -> Response:
        key = dict(request.query()).get("idempotency_key", "")
        with self._transfers_lock:
            transfer = self._transfers.get(key)
        if transfer is None:
            return unknown("no such transfer")
        return answer(transfer)


def _problem(key: str, body: dict[str, Any]) -> str | None:
    if not key:
        return "Idempotency-Key is required"
    if body.keys() != {"profile_url", "phone"}:
        return "profile_url and phone are required"
    if not is_web_address(body["profile_url"]):
        return "profile_url: an http(s) address"
    if not isinstance(body["phone"], str) or len(_DIGITS.findall(body["phone"])) < 10:
        return "phone: at least ten digits"
    return None
