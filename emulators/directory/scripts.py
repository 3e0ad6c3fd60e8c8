"""Faults by permalink and attempt: what becomes of the first, second, third copy of a call."""

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any, Literal

from emulators.faults import FaultRefusedError
from emulators.fitting import misfit
from emulators.messages import JSON, Response, html
from emulators.service import refuse

HANG_SECONDS = 3600.0  # or until the client has gone
CUT_AT = 0.9
MOST_SCRIPTS = 100
MOST_CALLS = 20_000  # whose attempts are remembered, newest last
MOST_AUDITED = 1000


@dataclass(slots=True)
class Behaviour:
    """`late`, `hang`, `status`, `cut` and `not_json` act after the request was carried out;
    `refuse` is a `status` before it. `drop`: these ids are left out of a list.
    """

    kind: Literal["ok", "hang", "late", "status", "refuse", "cut", "not_json", "drop"] = "ok"
    seconds: float = 1.0
    status: int = 503
    retry_after: int | None = None
    ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """For calls that name `permalink` (None: all) at `endpoint` (None: all): one behaviour for each
    attempt, the last one for all that follow where `forever` is set.
    """

    permalink: int | None
    endpoint: str | None
    attempts: list[Behaviour]
    forever: bool
    seen: int = 0


class Scripts:
    """Attempts are numbered within their call, which X-Call-Id names; without one, as they come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: list[Script] = []
        self._calls: OrderedDict[str, int] = OrderedDict()
        self.by_endpoint: Counter[str] = Counter()

    def add(self, described: dict[str, Any]) -> None:
        known = {"permalink", "endpoint", "attempts", "forever"}
        attempts = described.get("attempts")
        if not isinstance(attempts, list) or not described.keys() <= known:
            raise FaultRefusedError(f"attempts: a list; known are {', '.join(sorted(known))}")
        for each in attempts:
            wrong = misfit(Behaviour, each) if isinstance(each, dict) else "an attempt: an object"
            if wrong is not None:
                raise FaultRefusedError(wrong)
        script = Script(
            permalink=described.get("permalink"),
            endpoint=described.get("endpoint"),
            attempts=[Behaviour(**each) for each in attempts],
            forever=bool(described.get("forever")),
        )
        with self._lock:
            if len(self._scripts) >= MOST_SCRIPTS:
                raise FaultRefusedError(f"more than {MOST_SCRIPTS} scripts")
            self._scripts.append(script)

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()
            self._calls.clear()
            self.by_endpoint.clear()

    def next(self, endpoint: str, permalinks: list[int], call_id: str | None) -> Behaviour:
        """What becomes of this request, which is counted."""
        with self._lock:
            self.by_endpoint[endpoint] += 1
            number = self._count(call_id) if call_id else None
            for script in self._scripts:
                if script.permalink not in (None, *permalinks):
                    continue
                if script.endpoint not in (None, endpoint):
                    continue
                place = script.seen if number is None else number
                script.seen += 1
                if place < len(script.attempts):
                    return script.attempts[place]
                if script.forever and script.attempts:
                    return script.attempts[-1]
        return Behaviour()

    def audit(self) -> dict[str, Any]:
        """`attempts`: of each of the latest calls; `by_endpoint`: of all."""
        with self._lock:
            latest = list(self._calls.items())[-MOST_AUDITED:]
            return {"attempts": dict(latest), "by_endpoint": dict(self.by_endpoint)}

    def _count(self, call_id: str) -> int:
        """The attempt's number in its call, from 0."""
        number = self._calls.get(call_id, 0)
        self._calls[call_id] = number + 1
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
        return number


def refused_by(behaviour: Behaviour) -> Response:
    response = refuse(behaviour.status, "Injected by the emulator", reason="fault")
    if behaviour.retry_after is not None:
        response.headers["Retry-After"] = str(behaviour.retry_after)
    return response


def distorted(behaviour: Behaviour, response: Response) -> Response:
    """The answer, as this behaviour makes it."""
    match behaviour.kind:
        case "hang":
            response.delay = HANG_SECONDS
        case "late":
            response.delay = behaviour.seconds
        case "status" | "refuse":
            return refused_by(behaviour)
        case "cut":
            response.cut_at = CUT_AT
        case "not_json":
            response = html(200, "OK")
            response.content_type = JSON
    return response
