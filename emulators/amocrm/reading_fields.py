"""Definitions of custom fields as requests describe them, checked; and as answers show them."""

from collections.abc import Collection
from typing import Any

from emulators.amocrm.account import ACCOUNT_ID
from emulators.amocrm.fields import CHOICE_TYPES, CREATABLE_TYPES, CustomField, EnumValue, FieldBook
from emulators.amocrm.problems import (
    BLANK,
    MISSING,
    NOT_A_CHOICE,
    NOT_EXPECTED,
    TOO_LONG,
    WRONG_TYPE,
    RefusedError,
)

NAME_LIMIT = 256  # characters of a field's name or an enum's value
_TYPES: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "name": str,
    "code": (str, type(None)),
    "sort": int,
    "group_id": (str, type(None)),
    "is_api_only": bool,
    "required_statuses": (list, type(None)),
    "remind": (str, type(None)),
    "enums": (list, type(None)),
    "request_id": (str, int),
    "id": int,
}
_ENUM_TYPES: dict[str, type | tuple[type, ...]] = {
    "id": int,
    "value": str,
    "sort": int,
    "code": (str, type(None)),
}


def check_definition(
    book: FieldBook,
    item: Any,
    *,
    changing: CustomField | None,
    taken: Collection[str] = (),
) -> dict[str, Any]:
    """The item itself once everything in it is valid, or RefusedError.

    `taken`: codes of other items of the same batch.
    """
    if type(item) is not dict:
        raise RefusedError(WRONG_TYPE, expected="array")
    _check_types(item, _TYPES)
    if changing is None:
        _check_new(item)
    elif item.get("type", changing.type) != changing.type:
        raise RefusedError(NOT_A_CHOICE, "type")
    if "name" in item and not item["name"].strip():
        raise RefusedError(BLANK, "name")
    if len(item.get("name", "")) > NAME_LIMIT:
        raise RefusedError(TOO_LONG, "name")
    code = item.get("code")
    holder = None if code is None else book.by_code.get(code)
    if code in taken or (holder is not None and holder is not changing):
        raise RefusedError(NOT_A_CHOICE, "code")
    kind = item["type"] if changing is None else changing.type
    _check_enums(item.get("enums"), kind, changing)
    return item


def _check_new(item: dict[str, Any]) -> None:
    if "id" in item:
        raise RefusedError(NOT_EXPECTED, "id")
    for key in ("name", "type"):
        if key not in item:
            raise RefusedError(MISSING, key)
    if item["type"] not in CREATABLE_TYPES:
        raise RefusedError(NOT_A_CHOICE, "type")


def _check_types(item: dict[str, Any], types: dict[str, type | tuple[type, ...]]) -> None:
    for key, value in item.items():
        if key not in types:
            raise RefusedError(NOT_EXPECTED, key)
        expected = types[key]
        if not isinstance(value, expected) or (type(value) is bool and expected is not bool):
            raise RefusedError(WRONG_TYPE, key, expected=str(expected))


def _check_enums(enums: Any, kind: str, changing: CustomField | None) -> None:
    if enums is None:
        return
    if kind not in CHOICE_TYPES:
        raise RefusedError(NOT_EXPECTED, "enums")
    seen: set[str] = set()
    for index, each in enumerate(enums):
        try:
            _check_enum(each, changing, seen)
        except RefusedError as error:
            raise error.at(f"enums.{index}") from error


def _check_enum(each: Any, changing: CustomField | None, seen: set[str]) -> None:
    if type(each) is not dict:
        raise RefusedError(WRONG_TYPE, expected="array")
    _check_types(each, _ENUM_TYPES)
    if "value" not in each:
        raise RefusedError(MISSING, "value")
    if not each["value"].strip():
        raise RefusedError(BLANK, "value")
    if len(each["value"]) > NAME_LIMIT:
        raise RefusedError(TOO_LONG, "value")
    if each["value"] in seen:
        raise RefusedError(NOT_A_CHOICE, "value")
    seen.add(each["value"])
    if "id" in each and (changing is None or each["id"] not in changing.enums):
        raise RefusedError(NOT_A_CHOICE, "id")


def read_enums(book: FieldBook, field: CustomField, described: list[dict[str, Any]]) -> None:
    """The full list: those with an id stay themselves, the others are new, the rest is gone."""
    enums = []
    for number, each in enumerate(described, 1):
        sort = each.get("sort", number * 10)
        if "id" in each:
            code = each.get("code", field.enums[each["id"]].code)
            enums.append(EnumValue(each["id"], each["value"], sort, code))
        else:
            enums.append(book.new_enum(value=each["value"], sort=sort, code=each.get("code")))
    field.set_enums(enums)


def shown_field(field: CustomField, book: FieldBook) -> dict[str, Any]:
    enums = [
        {"id": each.id, "value": each.value, "sort": each.sort, "code": each.code}
        for each in field.enums.values()
    ]
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": ACCOUNT_ID,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "enums": enums or None,
        "group_id": field.group_id,
        "required_statuses": field.required_statuses,
        "is_deletable": not field.is_predefined,
        "is_predefined": field.is_predefined,
        "entity_type": book.entity,
        "tracking_callback": None,
        "remind": field.remind,
        "triggers": [],
        "currency": None,
        "hidden_statuses": [],
        "chained_lists": None,
    }
