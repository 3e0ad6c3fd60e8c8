"""What every emulated service has: routes, faults, a clock, settings, an audit, a control plane."""

import itertools
import threading
from collections import Counter
from typing import Any

import orjson

from emulators.chance import fraction
from emulators.clock import Clock
from emulators.faults import (
    INSTEAD,
    Fault,
    FaultPlan,
    FaultRefusedError,
    distort,
    error_answer,
    reset,
)
from emulators.messages import Request, Response, answer
from emulators.routing import UNKNOWN, Route, Router
from emulators.settings import (
    SettingRefusedError,
    Settings,
    as_dict,
    change,
    restore,
    seconds_of,
)

CONTROL = "/_control/"


class ControlRefusedError(Exception):
    """A control request that cannot be done as it stands; answered 400 with the text."""


class Service:
    """Subclasses add their routes to `routes` and `control` and say what there is to forget."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.faults = FaultPlan()
        self.requests: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.routes = Router()
        self.control = Router()
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._resets = 0
        self._add_control_routes()

    def handle(self, request: Request) -> Response:
        if request.path.startswith(CONTROL):
            return self._controlled(request)
        route = self.routes.find(request)
        response = self.refusal(request) or self.served(request, route)
        with self._lock:
            self.requests[f"{request.method} {route.template if route else UNKNOWN}"] += 1
            if response.refused:
                self.refused[response.refused] += 1
        response.delay += self._latency()
        return response

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not let in, None for the others."""
        return None

    def served(self, request: Request, route: Route | None) -> Response:
        """The handler's answer, or what the faults make of it."""
        faults = self.faults.draw(request)
        for fault in faults:
            if fault.kind == "late_commit" and route is not None:
                self._commit_later(fault, request, route)
            if fault.kind in INSTEAD:
                return self._refused_by(fault, request)
            request.only_first_half |= fault.kind == "reset_halfway"
        response = route.handler(request) if route else self.not_found(request)
        for fault in faults:
            response = distort(fault, response)
        return response

    def torn(self, request: Request) -> float | None:
        """Seconds to stand still in the middle of this request's body, which then never ends."""
        fault = self.faults.tear(request)
        return None if fault is None else fault.seconds

    def unauthorized(self) -> Response:
        response = answer({"detail": "Unauthorized"}, status=401)
        response.refused = "unauthorized"
        return response

    def named_items(self, request: Request, items: list[int]) -> Response:
        """The refusal of a request for the items at these places."""
        return refuse(422, f"refused items: {items}", reason="validation")

    def not_found(self, request: Request) -> Response:
        return refuse(404, "Not Found", reason="not_found")

    def forget(self) -> None:
        """Drops the state; settings stay."""

    def stop(self) -> None:
        """Ends what runs beside the requests."""

    def audit(self) -> dict[str, Any]:
        with self._lock:
            return {
                "requests": dict(self.requests),
                "refused": dict(self.refused),
                "faults_injected": dict(self.faults.injected),
            }

    def _commit_later(self, fault: Fault, request: Request, route: Route) -> None:
        """A gateway has given up waiting; what it waited for happens all the same."""
        resets = self._resets

        def commit() -> None:
            if self._resets == resets:
                route.handler(request)

        timer = threading.Timer(fault.seconds, commit)
        timer.daemon = True
        timer.start()

    def _refused_by(self, fault: Fault, request: Request) -> Response:
        match fault.kind:
            case "unauthorized":
                return self.unauthorized()
            case "validation":
                return self.named_items(request, fault.items)
            case "reset_before_commit":
                return reset(error_answer(fault))
            case _:
                return error_answer(fault)

    def _latency(self) -> float:
        """Seconds to wait before an answer."""
        latency = self.settings.latency_ms
        drawn = fraction("latency", next(self._turns)) if isinstance(latency, list) else 0.0
        return seconds_of(latency, drawn)

    def _controlled(self, request: Request) -> Response:
        route = self.control.find(request)
        if route is None:
            return refuse(404, f"no such control: {request.method} {request.path}")
        try:
            return route.handler(request)
        except (ControlRefusedError, SettingRefusedError, FaultRefusedError) as error:
            return refuse(400, str(error))

    def _add_control_routes(self) -> None:
        add = self.control.add
        add("POST", "/_control/reset", self._reset)
        add("GET", "/_control/settings", lambda _: answer(as_dict(self.settings)))
        add("PATCH", "/_control/settings", self._change_settings)
        add("POST", "/_control/clock", self._advance)
        add("GET", "/_control/audit", lambda _: answer(self.audit()))
        add("POST", "/_control/faults", self._add_faults)
        add("GET", "/_control/faults", lambda _: answer({"faults": self.faults.listed()}))
        add("DELETE", "/_control/faults", self._clear_faults)

    def _reset(self, request: Request) -> Response:
        if json_object(request).get("settings"):
            restore(self.settings)
        self._resets += 1
        self.clock.reset()
        self.faults.reset()
        with self._lock:
            self.requests.clear()
            self.refused.clear()
        self.forget()
        return answer({"reset": True})

    def _change_settings(self, request: Request) -> Response:
        change(self.settings, json_object(request))
        return answer(as_dict(self.settings))

    def _advance(self, request: Request) -> Response:
        seconds = json_object(request).get("advance")
        if not isinstance(seconds, int | float):
            raise ControlRefusedError("advance: seconds")
        return answer({"now": self.clock.advance(seconds)})

    def _add_faults(self, request: Request) -> Response:
        body = json_body(request)
        described = body if isinstance(body, list) else [body]
        if not all(isinstance(each, dict) for each in described):
            raise ControlRefusedError("a fault, or a list of faults")
        faults = self.faults.add(described)
        return answer({"ids": [fault.id for fault in faults]})

    def _clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return answer({"faults": []})


def refuse(status: int, detail: str, *, reason: str = "") -> Response:
    response = answer({"detail": detail}, status=status)
    response.refused = reason
    return response


def json_body(request: Request) -> Any:
    if request.too_large:
        raise ControlRefusedError("the body is too large")
    try:
        return orjson.loads(request.body) if request.body else {}
    except orjson.JSONDecodeError as error:
        raise ControlRefusedError(f"the body is no JSON: {error}") from error


def json_object(request: Request) -> dict[str, Any]:
    body = json_body(request)
    if not isinstance(body, dict):
        raise ControlRefusedError("the body is no JSON object")
    return body
