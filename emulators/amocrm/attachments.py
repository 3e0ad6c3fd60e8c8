"""The API of notes and of webhook subscriptions."""

from typing import Any
from urllib.parse import urlsplit

from emulators.amocrm.account import ACCOUNT_ID, ADMIN_ID
from emulators.amocrm.bodies import checked_items, read_object, read_payload, request_id_of
from emulators.amocrm.hooks.subscriptions import EVENTS, MAX_HOOKS, shown_hook
from emulators.amocrm.notes import read_text, shown_note
from emulators.amocrm.problems import (
    BAD_URL,
    MISSING,
    NOT_A_CHOICE,
    NOT_EXPECTED,
    WRONG_TYPE,
    AnsweredError,
    Complaint,
    RefusedError,
    invalid,
    no_rights,
    problem,
)
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content


def get_notes(state: State, request: Request) -> Response:
    notes = state.notes.of(request.params["entity"], int(request.params["id"]))
    if not notes:
        return no_content()
    shown = [shown_note(note, account_id=ACCOUNT_ID) for note in notes]
    return answer({"_page": 1, "_embedded": {"notes": shown}}, content_type=HAL)


def add_notes(state: State, request: Request) -> Response:
    items = checked_items(read_payload(request))
    entity, entity_id = request.params["entity"], int(request.params["id"])
    if not state.exists(entity, entity_id):
        return problem(404, "Not Found", refused="not_found")
    shown = []
    for request_id, text in _texts(items):
        note = state.notes.add(
            entity=entity, entity_id=entity_id, text=text, now=state.clock.now(), user=ADMIN_ID
        )
        shown.append({"id": note.id, "entity_id": entity_id, "request_id": request_id})
    return answer({"_embedded": {"notes": shown}}, content_type=HAL)


def _texts(items: list[Any]) -> list[tuple[str, str]]:
    texts, complaints = [], []
    for index, item in enumerate(items):
        request_id = request_id_of(item, index)
        try:
            texts.append((request_id, read_text(item)))
        except RefusedError as error:
            complaints.append(Complaint(request_id, error))
    if complaints:
        raise AnsweredError(invalid(complaints))
    return texts


def get_hooks(state: State, request: Request) -> Response:
    wanted = dict(request.query()).get("filter[destination]")
    hooks = [
        shown_hook(hook, account_id=ACCOUNT_ID, user=ADMIN_ID)
        for hook in state.hooks.by_destination.values()
        if wanted in (None, hook.destination)
    ]
    payload = {"_total_items": len(hooks), "_embedded": {"webhooks": hooks}}
    return answer(payload, content_type=HAL)


def subscribe(state: State, request: Request) -> Response:
    """An upsert by destination."""
    payload = _hook_body(state, request, {"destination", "settings", "sort"})
    destination, settings = _destination(payload), _events(payload)
    sort = payload.get("sort", 10)
    if type(sort) is not int:
        raise RefusedError(WRONG_TYPE, "sort", expected="int")
    hooks = state.hooks
    if destination not in hooks.by_destination and len(hooks.by_destination) >= MAX_HOOKS:
        return problem(422, "Limit of webhooks is reached", refused="hooks_limit")
    hook = hooks.subscribe(
        destination=destination, settings=settings, sort=sort, now=state.clock.now()
    )
    shown = shown_hook(hook, account_id=ACCOUNT_ID, user=ADMIN_ID)
    return answer(shown, status=201, content_type=HAL)


def unsubscribe(state: State, request: Request) -> Response:
    payload = _hook_body(state, request, {"destination"})
    if not state.hooks.unsubscribe(str(payload.get("destination"))):
        return problem(404, "Webhook not found", refused="not_found")
    return no_content()


def _hook_body(state: State, request: Request, known: set[str]) -> dict[str, Any]:
    if not state.settings.is_admin:
        raise AnsweredError(no_rights())
    payload = read_object(request)
    for key in payload:
        if key not in known:
            raise RefusedError(NOT_EXPECTED, key)
    return payload


def _destination(payload: dict[str, Any]) -> str:
    destination = payload.get("destination")
    if type(destination) is not str:
        raise RefusedError(MISSING, "destination")
    parts = urlsplit(destination)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise RefusedError(BAD_URL, "destination")
    return destination


def _events(payload: dict[str, Any]) -> list[str]:
    settings = payload.get("settings")
    if type(settings) is not list or not settings:
        raise RefusedError(MISSING, "settings")
    for index, event in enumerate(settings):
        if event not in EVENTS:
            raise RefusedError(NOT_A_CHOICE, f"settings.{index}")
    return settings
