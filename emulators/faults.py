"""Faults on demand: which requests one hits, deterministic by its seed, and what it does."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, get_args

import orjson

from emulators.chance import fraction, shuffled
from emulators.fitting import misfit
from emulators.messages import PROBLEM, Request, Response, html, no_content

TRICKLE_SECONDS = 0.2  # between two bytes
MAX_FAULTS = 100  # per service; a test that needs more forgot to delete

Before = Literal[
    "reset_before_commit", "status_before_commit", "unauthorized", "validation", "late_commit"
]
After = Literal[
    "reset_after_commit",
    "reset_halfway",
    "status_after_commit",
    "html_200",
    "drop_items",
    "shuffle",
    "extra_items",
    "slow_answer",
    "trickle",
    "no_content",
]
Midway = Literal["torn_body"]  # the request does not come whole
INSTEAD = frozenset(get_args(Before))  # of a commit
_STATUSES = frozenset(status.value for status in HTTPStatus)


class FaultRefusedError(Exception):
    """A fault that cannot be understood."""


@dataclass(slots=True)
class Fault:
    """Hits requests of `method` whose path starts with `path`, or is it where `whole`: after the
    first `skip` of them every `every`-th, or a `share` drawn by `seed`, or all; at most `times`.
    """

    kind: Before | After | Midway
    id: str = ""
    method: str | None = None
    path: str = "/"
    whole: bool = False
    share: float | None = None
    every: int | None = None
    times: int | None = None
    skip: int = 0
    seed: int = 0
    status: int = 503
    body: Literal["html", "json", "empty"] = "html"
    retry_after: int | None = None
    seconds: float = 1.0
    count: int = 1
    items: list[int] = field(default_factory=lambda: [0])
    seen: int = 0
    fired: int = 0

    def hits(self, request: Request) -> bool:
        if self.method not in (None, request.method) or not self._is_path(request.path):
            return False
        self.seen += 1
        turn = self.seen - self.skip
        if turn <= 0 or (self.times is not None and self.fired >= self.times):
            return False
        if self.every is not None and turn % self.every:
            return False
        if self.share is not None and fraction(self.seed, self.id, turn) >= self.share:
            return False
        self.fired += 1
        return True

    def _is_path(self, path: str) -> bool:
        return path == self.path if self.whole else path.startswith(self.path)


class FaultPlan:
    """The faults that are set, and how often each kind was injected."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.injected: Counter[str] = Counter()

    def add(self, described: list[dict[str, Any]]) -> list[Fault]:
        faults = [_fault(each, number) for number, each in enumerate(described, len(self._faults))]
        with self._lock:
            if len(self._faults) + len(faults) > MAX_FAULTS:
                raise FaultRefusedError(f"more than {MAX_FAULTS} faults")
            self._faults.extend(faults)
        return faults

    def clear(self) -> None:
        with self._lock:
            self._faults = []

    def reset(self) -> None:
        self.clear()
        self.injected.clear()

    def draw(self, request: Request) -> list[Fault]:
        """The faults that hit this request."""
        if not self._faults:
            return []
        hitting: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.kind != "torn_body" and fault.hits(request):
                    hitting.append(fault)
                    self.injected[fault.kind] += 1
                    if fault.kind in INSTEAD:  # nothing is left for others to hit
                        break
        return hitting

    def tear(self, request: Request) -> Fault | None:
        """The fault for which this request's body is not read to its end."""
        with self._lock:
            for fault in self._faults:
                if fault.kind == "torn_body" and fault.hits(request):
                    self.injected[fault.kind] += 1
                    return fault
        return None

    def listed(self) -> list[Fault]:
        return list(self._faults)


def _fault(described: dict[str, Any], number: int) -> Fault:
    wrong = misfit(Fault, described) if "kind" in described else "kind: missing"
    if wrong is None and described.get("status", 503) not in _STATUSES:
        wrong = "status: none of HTTP's"
    if wrong is None and described.get("every") == 0:
        wrong = "every: 1 or more"
    if wrong is not None:
        raise FaultRefusedError(wrong)
    return Fault(**{"id": f"fault-{number}", **described})


def error_answer(fault: Fault) -> Response:
    reason = HTTPStatus(fault.status).phrase
    if fault.body == "html":
        return html(fault.status, reason, refused="fault")
    if fault.body == "empty":
        return Response(fault.status, content_type=PROBLEM, refused="fault")
    problem: dict[str, Any] = {
        "title": reason,
        "type": f"https://httpstatus.es/{fault.status}",
        "status": fault.status,
        "detail": "Injected by the emulator",
    }
    if fault.retry_after is not None:
        problem["retry_after"] = fault.retry_after
    return Response(fault.status, orjson.dumps(problem), PROBLEM, refused="fault")


def distort(fault: Fault, response: Response) -> Response:
    """The answer after a commit, as the fault makes it."""
    return _DISTORTIONS[fault.kind](fault, response)


def reset(response: Response) -> Response:
    """The connection ends without a byte."""
    response.cut_at, response.reset = 0.0, True
    return response


def _slow(fault: Fault, response: Response) -> Response:
    response.delay += fault.seconds
    return response


def _trickle(_: Fault, response: Response) -> Response:
    response.byte_pause = TRICKLE_SECONDS
    return response


def _instead(make: Callable[[Fault], Response]) -> Callable[[Fault, Response], Response]:
    """Another answer, sent in the manner of the first."""

    def replaced(fault: Fault, response: Response) -> Response:
        other = make(fault)
        other.delay, other.byte_pause = response.delay, response.byte_pause
        other.cut_at, other.reset = response.cut_at, response.reset
        return other

    return replaced


def _with_items(change: Callable[[Fault, list[Any]], list[Any]]) -> Callable[..., Response]:
    def changed(fault: Fault, response: Response) -> Response:
        payload = orjson.loads(response.body) if response.body else None
        holder = payload.get("_embedded", payload) if isinstance(payload, dict) else {}
        for name, value in holder.items():
            if isinstance(value, list):
                holder[name] = change(fault, value)
        if payload is not None:
            response.body = orjson.dumps(payload)
        return response

    return changed


def _extra(fault: Fault, items: list[Any]) -> list[Any]:
    model = items[0] if items else {}
    strangers = [
        {**model, "id": 900_000_000 + number, "request_id": f"stranger-{number}"}
        for number in range(fault.count)
    ]
    return [*items, *strangers]


_DISTORTIONS: dict[str, Callable[[Fault, Response], Response]] = {
    "reset_after_commit": lambda _, response: reset(response),
    "reset_halfway": lambda _, response: reset(response),
    "status_after_commit": _instead(error_answer),
    "html_200": _instead(lambda _: html(200, "OK")),
    "drop_items": _with_items(lambda fault, items: items[: max(0, len(items) - fault.count)]),
    "shuffle": _with_items(lambda fault, items: shuffled(items, fault.seed, fault.fired)),
    "extra_items": _with_items(_extra),
    "slow_answer": _slow,
    "trickle": _trickle,
    "no_content": _instead(lambda _: no_content()),
}
