"""amoCRM as one service: who is let in, what is counted, which handler answers."""

import secrets
from collections.abc import Callable
from typing import Any

from emulators.amocrm import (
    attachments,
    custom_fields,
    listing,
    listing_leads,
    overview,
    writing,
)
from emulators.amocrm.bodies import checked_items, read_payload, request_id_of
from emulators.amocrm.control import Control
from emulators.amocrm.problems import (
    NOT_A_CHOICE,
    AnsweredError,
    Complaint,
    RefusedError,
    invalid,
    problem,
    unauthorized,
    unpaid,
)
from emulators.amocrm.settings import AmocrmSettings
from emulators.amocrm.state import State
from emulators.messages import Request, Response
from emulators.routing import Handler
from emulators.service import Service

TOKEN_PATH = "/oauth2/access_token"  # noqa: S105 - a path
HOOKS_FIRST_SECONDS = 5.0  # an answer waits for the hooks no longer, whatever the receiver does
_WRITES = frozenset({"POST", "PATCH", "DELETE"})
_ROUTES: tuple[tuple[str, str, Callable[[State, Request], Response]], ...] = (
    ("GET", "account", overview.get_account),
    ("GET", "users", overview.get_users),
    ("GET", "users/{id:int}", overview.get_user),
    ("GET", "leads/pipelines", overview.get_pipelines),
    ("GET", "leads", listing_leads.get_list),
    ("GET", "leads/{id:int}", listing_leads.get_one),
    ("GET", "companies", listing.get_list),
    ("GET", "companies/{id:int}", listing.get_one),
    ("POST", "companies", writing.create),
    ("PATCH", "companies", writing.update),
    ("PATCH", "companies/{id:int}", writing.update_one),
    ("GET", "webhooks", attachments.get_hooks),
    ("POST", "webhooks", attachments.subscribe),
    ("DELETE", "webhooks", attachments.unsubscribe),
)
_ROUTES_OF_ENTITIES: tuple[tuple[str, str, Callable[[State, Request], Response]], ...] = (
    ("GET", "custom_fields", custom_fields.get_list),
    ("POST", "custom_fields", custom_fields.create),
    ("GET", "custom_fields/{id:int}", custom_fields.get_one),
    ("PATCH", "custom_fields/{id:int}", custom_fields.change),
    ("DELETE", "custom_fields/{id:int}", custom_fields.delete),
    ("GET", "{id:int}/notes", attachments.get_notes),
    ("POST", "{id:int}/notes", attachments.add_notes),
)


class AmocrmService(Service):
    def __init__(self) -> None:
        self.amocrm_settings = AmocrmSettings()
        super().__init__(self.amocrm_settings)
        self.state = State(self.amocrm_settings, self.clock)
        self._control = Control(self.state)
        self._control.add_routes(self.control)
        self.routes.add("POST", TOKEN_PATH, self._exchange_token)
        for method, path, handler in _ROUTES:
            self.routes.add(method, f"/api/v4/{path}", self._bound(handler))
        for entity in ("companies", "leads"):
            for method, path, handler in _ROUTES_OF_ENTITIES:
                template = f"/api/v4/{entity}/{path}"
                self.routes.add(method, template, self._bound(handler, entity=entity))

    def handle(self, request: Request) -> Response:
        self._record(request)
        response = super().handle(request)
        response.headers["X-Request-Id"] = secrets.token_hex(16)
        return response

    def torn(self, request: Request) -> float | None:
        seconds = super().torn(request)
        if seconds is not None:
            self._record(request)  # its first byte has come, and that is what counts
        return seconds

    def refusal(self, request: Request) -> Response | None:
        limited = self.state.limiter.refusal(request.arrived)
        if limited is not None or request.path == TOKEN_PATH:
            return limited
        with self.state.lock:
            if not self.state.tokens.accepts(request.bearer()):
                return self.unauthorized()
        if not self.amocrm_settings.paid and request.method in _WRITES:
            return unpaid()
        return None

    def unauthorized(self) -> Response:
        return unauthorized()

    def named_items(self, request: Request, items: list[int]) -> Response:
        error = RefusedError(NOT_A_CHOICE, "custom_fields_values.0.values.0.value")
        try:
            batch = checked_items(read_payload(request))
        except AnsweredError as answered:
            return answered.response
        return invalid(
            Complaint(request_id_of(batch[index], index), error)
            for index in items
            if index < len(batch)
        )

    def not_found(self, request: Request) -> Response:
        if self.routes.knows(request.path):
            return problem(405, "Method Not Allowed", refused="method")
        return problem(404, f"Cannot {request.method} {request.path}", refused="not_found")

    def forget(self) -> None:
        with self.state.lock:
            self.state.clear()

    def stop(self) -> None:
        self.state.stop()

    def audit(self) -> dict[str, Any]:
        return {**self._control.audit(), **super().audit()}

    def _record(self, request: Request) -> None:
        if not request.path.startswith(("/api/v4", "/oauth2")):
            return
        self.state.arrivals.record(request.arrived)
        if request.path == writing.PATH and request.method in ("POST", "PATCH"):
            self.state.arrivals_of_writes.record(request.arrived)

    def _exchange_token(self, request: Request) -> Response:
        with self.state.lock:
            return self.state.tokens.exchange(request)

    def _bound(
        self, handler: Callable[[State, Request], Response], *, entity: str | None = None
    ) -> Handler:
        def serve(request: Request) -> Response:
            if entity is not None:
                request.params["entity"] = entity
            outbox = self.state.postman.outbox
            try:
                with self.state.postman.making_way(), self.state.lock:
                    before = outbox.posted
                    response = handler(self.state, request)
                    posted = range(before + 1, outbox.posted + 1)
            except AnsweredError as answered:
                return answered.response
            except RefusedError as error:
                return invalid([Complaint("0", error)])
            if posted and self.amocrm_settings.hooks_before_answer:
                outbox.wait_tried(posted, seconds=HOOKS_FIRST_SECONDS)
            return response

        return serve
