"""`POST` and `PATCH` of companies."""

from typing import Any, TypeVar

import orjson

from emulators.amocrm.account import ADMIN_ID
from emulators.amocrm.bodies import checked_items, read_body
from emulators.amocrm.companies import Company, Draft
from emulators.amocrm.hooks import triggers
from emulators.amocrm.problems import (
    NOT_A_CHOICE,
    AnsweredError,
    Complaint,
    RefusedError,
    bad_request,
    invalid,
    problem,
)
from emulators.amocrm.state import State
from emulators.amocrm.validation import Rules, read_batch
from emulators.chance import shuffled
from emulators.messages import HAL, Request, Response

PATH = "/api/v4/companies"
T = TypeVar("T")


def create(state: State, request: Request) -> Response:
    drafts = _drafts(state, request, updating=False)
    settings, now = state.settings, state.clock.now()
    href, created, companies = _href(request), [], []
    for draft in _committed(drafts, request):
        company = state.companies.create(
            draft, now=now, lag=settings.index_lag_seconds, user=ADMIN_ID
        )
        company.writes = 1
        companies.append(company)
        created.append(_shown(href, company, draft))
    state.created_items += len(created)
    triggers.companies_added(state, companies)
    return _envelope(state, request, created)


def update(state: State, request: Request) -> Response:
    drafts = _drafts(state, request, updating=True)
    return _envelope(state, request, _write(state, request, drafts))


def update_one(state: State, request: Request) -> Response:
    """The body is one object, its id stands in the path."""
    body = read_body(request)
    if not isinstance(body.payload, dict):
        return bad_request("Request data should be an object")
    item = {**body.payload, "id": int(request.params["id"])}
    rules = _rules(state, updating=True, odd_text=body.odd_text)
    shown = _write(state, request, read_batch([item], rules))
    if state.settings.single_patch_envelope:
        return _envelope(state, request, shown)
    if not shown:
        return problem(404, "Not Found", refused="not_found")
    return Response(200, orjson.dumps(shown[0]), HAL)


def _drafts(state: State, request: Request, *, updating: bool) -> list[Draft]:
    body = read_body(request)
    items = checked_items(body.payload)
    return read_batch(items, _rules(state, updating=updating, odd_text=body.odd_text))


def _rules(state: State, *, updating: bool, odd_text: bool) -> Rules:
    return Rules(
        fields=state.fields["companies"],
        tags=state.tags,
        users=frozenset(state.users),
        text_limit=state.settings.text_limit,
        updating=updating,
        odd_text=odd_text,
    )


def _found(state: State, drafts: list[Draft]) -> list[tuple[Company, Draft]]:
    """Missing companies refuse the batch or are left out, as the account is set."""
    found: list[tuple[Company, Draft]] = []
    missing: list[Complaint] = []
    for draft in drafts:
        company = None if draft.id is None else state.companies.live(draft.id)
        if company is None:
            missing.append(Complaint(draft.request_id, RefusedError(NOT_A_CHOICE, "id")))
        else:
            found.append((company, draft))
    if missing and state.settings.patch_missing == "validation":
        raise AnsweredError(invalid(missing))
    return found


def _write(state: State, request: Request, drafts: list[Draft]) -> list[dict[str, Any]]:
    now, lag = state.clock.now(), state.settings.index_lag_seconds
    href, shown, changes = _href(request), [], []
    for company, draft in _committed(_found(state, drafts), request):
        changes.append((company, company.responsible_user_id))
        state.companies.update(company, draft, now=now, lag=lag, user=ADMIN_ID)
        company.writes += 1
        item = _shown(href, company, draft)
        item["name"], item["updated_at"] = company.name, company.updated_at
        shown.append(item)
    state.updated_items += len(shown)
    triggers.companies_updated(state, changes)
    return shown


def _committed(items: list[T], request: Request) -> list[T]:
    """A fault may cut a batch in half after its validation."""
    return items[: len(items) // 2] if request.only_first_half else items


def _href(request: Request) -> str:
    return f"http://{request.headers.get('host', '')}{PATH}"


def _shown(href: str, company: Company, draft: Draft) -> dict[str, Any]:
    return {
        "id": company.id,
        "request_id": draft.request_id,
        "_links": {"self": {"href": f"{href}/{company.id}"}},
    }


def _envelope(state: State, request: Request, shown: list[dict[str, Any]]) -> Response:
    if state.settings.shuffle_answers:
        shown = shuffled(shown, state.created_items, state.updated_items)
    payload = {"_links": {"self": {"href": _href(request)}}, "_embedded": {"companies": shown}}
    return Response(200, orjson.dumps(payload), HAL)
