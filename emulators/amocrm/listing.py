"""`GET` of companies: pages, orders, the fuzzy `query` and filters."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote_plus, urlencode

from emulators.amocrm.account import ACCOUNT_ID
from emulators.amocrm.bodies import read_page
from emulators.amocrm.companies import Company, as_indexed
from emulators.amocrm.fields import FieldBook
from emulators.amocrm.showing import custom_fields_values, elements_of
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content

DEFAULT_LIMIT = 50
ORDERS = ("id", "updated_at", "created_at")
_FILTER = re.compile(r"filter\[(\w+)\](?:\[(\w*)\])?(?:\[(\w*)\])?")

Test = Callable[[Company], bool]


def get_list(state: State, request: Request) -> Response:
    parameters = request.query()
    given = dict(parameters)
    page, limit = read_page(given, default_limit=DEFAULT_LIMIT)
    start = (page - 1) * limit
    found = _found(state, parameters, slice(start, start + limit + 1))
    if not found:
        return no_content()
    asked = _asked(given)
    shown = [shown_company(state, company, asked) for company in found[:limit]]
    links = {"self": {"href": _href(request, parameters, page)}}
    if len(found) > limit:
        links["next"] = {"href": _href(request, parameters, page + 1)}
    payload = {"_page": page, "_links": links, "_embedded": {"companies": shown}}
    return answer(payload, content_type=HAL)


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
    given = dict(parameters)
    tests = _tests(state, parameters, given)
    key, newest = _order(given)
    deleted = "only_deleted" in _asked(given)
    if key == "id" and not (tests or deleted or state.settings.index_lag_seconds):
        return state.companies.page(span, newest_first=newest)
    candidates = _deleted(state) if deleted else _indexed(state, newest_first=newest)
    if key != "id":
        candidates = iter(
            sorted(candidates, key=lambda each: (getattr(each, key), each.id), reverse=newest)
        )
    matching = (company for company in candidates if all(test(company) for test in tests))
    return list(islice(matching, span.start, span.stop))


def _order(given: dict[str, str]) -> tuple[str, bool]:
    """The attribute and whether the greatest comes first; by id unless told otherwise."""
    asked = ((key, given.get(f"order[{key}]")) for key in ORDERS)
    key, direction = next(((key, value) for key, value in asked if value), ("id", "asc"))
    return key, direction.lower() == "desc"


def _deleted(state: State) -> Iterator[Company]:
    return (company for company in state.companies.by_id.values() if company.is_deleted)


def _indexed(state: State, *, newest_first: bool) -> Iterator[Company]:
    """What the index holds now. Without a lag it holds everything as it is."""
    companies = state.companies.live_companies(newest_first=newest_first)
    if not state.settings.index_lag_seconds:
        return companies
    now = state.clock.now()
    return (seen for each in companies if (seen := as_indexed(each, now)) is not None)


def _tests(state: State, parameters: list[tuple[str, str]], given: dict[str, str]) -> list[Test]:
    tests = []
    if query := given.get("query"):
        tests.append(_query_test(state.fields["companies"], query.casefold()))
    if not state.settings.filter_enabled:
        return tests
    wanted: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, value in parameters:
        if match := _FILTER.fullmatch(name):
            first, second, third = (part or "" for part in match.groups())
            of_field = first == "custom_fields_values"
            subject = (first, second if of_field else "")
            bound = third if of_field else second
            kind = bound if bound in ("from", "to") else "is"
            wanted.setdefault(subject, {}).setdefault(kind, []).append(value)
    for (name, field_id), bounds in wanted.items():
        if name == "custom_fields_values":
            tests.append(_field_test(state.fields["companies"], field_id, bounds))
        else:
            tests.append(_attribute_test(name, bounds))
    return tests


def _query_test(book: FieldBook, text: str) -> Test:
    """Any text of a company that has the words somewhere in it: look-alikes are found too."""

    def test(company: Company) -> bool:
        if text in company.name.casefold():
            return True
        return any(text in shown.casefold() for shown in _texts(book, company))

    return test


def _texts(book: FieldBook, company: Company) -> Iterator[str]:
    for field, stored in zip(book.slots, company.values, strict=False):
        if field is not None and stored is not None:
            yield from (str(element["value"]) for element in elements_of(field, stored))


def _attribute_test(name: str, bounds: dict[str, list[str]]) -> Test:
    def test(company: Company) -> bool:
        return _fits([getattr(company, name, None)], bounds)

    return test


def _field_test(book: FieldBook, field_id: str, bounds: dict[str, list[str]]) -> Test:
    field = book.by_id.get(int(field_id)) if field_id.isdigit() else None

    def test(company: Company) -> bool:
        stored = None if field is None else company.value(field.slot)
        if field is None or stored is None:
            return False
        elements = elements_of(field, stored)
        values = [part for each in elements for part in (each["value"], each.get("enum_id"))]
        return _fits(values, bounds)

    return test


def _fits(values: list[Any], bounds: dict[str, list[str]]) -> bool:
    """One of the values is one of those asked for, or lies in the range."""
    if "is" in bounds and not {str(value) for value in values} & set(bounds["is"]):
        return False
    low, high = (_number(bounds.get(bound, [""])[-1]) for bound in ("from", "to"))
    if low is None and high is None:
        return True
    numbers = [number for value in values if (number := _number(str(value))) is not None]
    return any(
        (low is None or low <= number) and (high is None or number <= high) for number in numbers
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _href(request: Request, parameters: list[tuple[str, str]], page: int) -> str:
    others = [(name, value) for name, value in parameters if name != "page"]
    query = urlencode([*others, ("page", str(page))], quote_via=quote_plus)
    return f"http://{request.headers.get('host', '')}{request.path}?{query}"
