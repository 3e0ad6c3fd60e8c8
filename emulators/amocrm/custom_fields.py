"""The API of custom fields: list, create, change, delete."""

import math
from typing import Any

from emulators.amocrm.bodies import (
    checked_items,
    read_object,
    read_page,
    read_payload,
    request_id_of,
)
from emulators.amocrm.fields import CustomField, FieldBook
from emulators.amocrm.problems import (
    AnsweredError,
    Complaint,
    RefusedError,
    bad_request,
    invalid,
    no_rights,
    problem,
)
from emulators.amocrm.reading_fields import check_definition, read_enums, shown_field
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content

DEFAULT_LIMIT = 50
_PLAIN = ("name", "sort", "group_id", "is_api_only", "required_statuses", "remind")


def get_list(state: State, request: Request) -> Response:
    book = state.fields[request.params["entity"]]
    page, limit = read_page(dict(request.query()), default_limit=DEFAULT_LIMIT)
    types = {value for name, value in request.query() if name.startswith("filter[type]")}
    fields = [field for field in book if not types or field.type in types]
    shown = [shown_field(field, book) for field in fields[(page - 1) * limit : page * limit]]
    if not shown:
        return no_content()
    pages = math.ceil(len(fields) / limit)
    href = f"http://{request.headers.get('host', '')}{request.path}?limit={limit}&page="
    links = {"self": {"href": f"{href}{page}"}}
    if page < pages:
        links["next"] = {"href": f"{href}{page + 1}"}
    return answer(
        {
            "_total_items": len(fields),
            "_page": page,
            "_page_count": pages,
            "_links": links,
            "_embedded": {"custom_fields": shown},
        },
        content_type=HAL,
    )


def get_one(state: State, request: Request) -> Response:
    book = state.fields[request.params["entity"]]
    field = book.by_id.get(int(request.params["id"]))
    return no_content() if field is None else answer(shown_field(field, book), content_type=HAL)


def create(state: State, request: Request) -> Response:
    """An array answers 200 with an envelope, a single object 201 with the bare field."""
    _require_admin(state)
    payload = read_payload(request)
    single = isinstance(payload, dict)
    items = [payload] if single else checked_items(payload)
    book = state.fields[request.params["entity"]]
    _check_all(book, items)
    limit = state.settings.fields_limit
    if limit is not None and len(book) + len(items) > limit:
        return problem(400, "Превышен лимит количества полей", refused="fields_limit")
    shown = [
        {**shown_field(_created(book, item), book), "request_id": request_id_of(item, index)}
        for index, item in enumerate(items)
    ]
    if single:
        return answer(shown[0], status=201, content_type=HAL)
    payload = {"_total_items": len(shown), "_embedded": {"custom_fields": shown}}
    return answer(payload, content_type=HAL)


def change(state: State, request: Request) -> Response:
    _require_admin(state)
    book, field = _existing(state, request)
    item = check_definition(book, read_object(request), changing=field)
    for name in _PLAIN:
        if name in item:
            setattr(field, name, item[name])
    if "code" in item:
        book.recode(field, item["code"])
    if item.get("enums") is not None:
        read_enums(book, field, item["enums"])
    return answer(shown_field(field, book), content_type=HAL)


def delete(state: State, request: Request) -> Response:
    _require_admin(state)
    book, field = _existing(state, request)
    if field.is_predefined:
        return bad_request("A predefined field can not be deleted")
    book.remove(field)
    return no_content()


def _require_admin(state: State) -> None:
    if not state.settings.is_admin:
        raise AnsweredError(no_rights())


def _existing(state: State, request: Request) -> tuple[FieldBook, CustomField]:
    book = state.fields[request.params["entity"]]
    field = book.by_id.get(int(request.params["id"]))
    if field is None:
        raise AnsweredError(problem(404, "Custom field not found", refused="not_found"))
    return book, field


def _check_all(book: FieldBook, items: list[Any]) -> None:
    complaints = []
    codes: set[str] = set()
    for index, item in enumerate(items):
        try:
            code = check_definition(book, item, changing=None, taken=codes).get("code")
        except RefusedError as error:
            complaints.append(Complaint(request_id_of(item, index), error))
            continue
        codes.update(() if code is None else (code,))
    if complaints:
        raise AnsweredError(invalid(complaints))


def _created(book: FieldBook, item: dict[str, Any]) -> CustomField:
    plain = {name: item[name] for name in _PLAIN if item.get(name) is not None}
    field = book.add(type=item["type"], code=item.get("code"), **plain)
    read_enums(book, field, item.get("enums") or [])
    return field
