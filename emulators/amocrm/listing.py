"""`GET` of companies."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from emulators.amocrm.account import ACCOUNT_ID
from emulators.amocrm.companies import Company, as_indexed
from emulators.amocrm.filtering import order_of, ordered, tests_of
from emulators.amocrm.paging import page_of
from emulators.amocrm.showing import custom_fields_values
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content


def get_list(state: State, request: Request) -> Response:
    parameters = request.query()
    asked = _asked(dict(parameters))
    return page_of(
        request,
        "companies",
        found=lambda span: _found(state, parameters, span),
        shown=lambda company: shown_company(state, company, asked),
    )


def get_one(state: State, request: Request) -> Response:
    """Never lags. A missing company is an empty 204, not a 404."""
    company = state.companies.by_id.get(int(request.params["id"]))
    if company is None or (company.is_deleted and not state.settings.show_deleted_by_id):
        return no_content()
    return answer(shown_company(state, company, _asked(dict(request.query()))), content_type=HAL)


def shown_company(state: State, company: Company, asked: set[str]) -> dict[str, Any]:
    tags = [{"id": state.tags.id_of(tag), "name": tag, "color": None} for tag in company.tags]
    embedded: dict[str, Any] = {"tags": tags}
    if "leads" in asked:
        embedded["leads"] = [{"id": lead.id} for lead in state.leads.of_company(company.id)]
    for name in ("contacts", "customers", "catalog_elements"):
        if name in asked:
            embedded[name] = []
    return {
        "id": company.id,
        "name": company.name,
        "responsible_user_id": company.responsible_user_id,
        "group_id": 0,
        "created_by": company.created_by,
        "updated_by": company.updated_by,
        "created_at": company.created_at,
        "updated_at": company.updated_at,
        "closest_task_at": None,
        "is_deleted": company.is_deleted,
        "custom_fields_values": custom_fields_values(state.fields["companies"], company.values),
        "account_id": ACCOUNT_ID,
        "_embedded": embedded,
    }


def _asked(given: dict[str, str]) -> set[str]:
    return set(given.get("with", "").split(","))


def _found(state: State, parameters: list[tuple[str, str]], span: slice) -> list[Company]:
    given, settings = dict(parameters), state.settings
    book = state.fields["companies"]
    tests = tests_of(book, parameters, filter_enabled=settings.filter_enabled)
    key, newest = order_of(given)
    deleted = "only_deleted" in _asked(given)
    if key == "id" and not (tests or deleted or settings.index_lag_seconds):
        return state.companies.page(span, newest_first=newest)
    candidates = _deleted(state) if deleted else _indexed(state, newest_first=newest)
    matching = (company for company in candidates if all(test(company) for test in tests))
    found = matching if key == "id" else ordered(matching, key, newest_first=newest)
    return list(islice(found, span.start, span.stop))


def _deleted(state: State) -> Iterator[Company]:
    return (company for company in state.companies.by_id.values() if company.is_deleted)


def _indexed(state: State, *, newest_first: bool) -> Iterator[Company]:
    """What the index holds now. Without a lag it holds everything as it is."""
    companies = state.companies.live_companies(newest_first=newest_first)
    if not state.settings.index_lag_seconds:
        return companies
    now = state.clock.now()
    return (seen for each in companies if (seen := as_indexed(each, now)) is not None)
