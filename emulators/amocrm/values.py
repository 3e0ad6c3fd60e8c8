"""Values of custom fields: from the `values` of a request to what is stored, strictly by type.

Stored are: text as str, numbers as they came, dates as unix seconds, a choice as its enum id,
several choices as a list of enum ids, multitext and addresses as a list of [text, enum id]. All of
it is plain JSON.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulators.amocrm.fields import ADDRESS_PARTS, CustomField
from emulators.amocrm.problems import (
    BAD_URL,
    BLANK,
    MISSING,
    NOT_A_CHOICE,
    NOT_EXPECTED,
    TOO_LONG,
    TOO_MANY,
    WRONG_TYPE,
    RefusedError,
)

Stored = str | int | float | dict[str, Any] | list[Any] | None
Reader = Callable[[CustomField, list[Any], int | None], Stored]

_ELEMENT_KEYS = frozenset({"value", "enum_id", "enum_code"})
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_URL = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]\S*")
_EARLIEST, _LATEST = -8_000_000_000, 253_402_300_799  # years 1716 and 9999, unix seconds
_LEGAL_KEYS = frozenset(
    {
        "name", "entity_type", "vat_id", "tax_registration_reason_code", "address",
        "real_address", "kpp", "bank_code", "bank_account_number", "external_uid", "unp", "bin",
        "egrpou", "mfo", "oked", "director",
    }
)  # fmt: skip
_FILE_KEYS = frozenset({"file_uuid", "version_uuid", "file_name", "file_size"})


def read_values(field: CustomField, values: Any, text_limit: int | None) -> Stored:
    """None and [] clear. Raises RefusedError with a path relative to the field's entry."""
    if values is None:
        return None
    if type(values) is not list:
        raise RefusedError(WRONG_TYPE, "values", expected="array")
    if not values:
        return None
    return READERS[field.type](field, values, text_limit)


def _only_value(values: list[Any]) -> Any:
    """The value of the one element of a field that holds one."""
    element = values[0]
    if len(values) == 1 and type(element) is dict and len(element) == 1 and "value" in element:
        return element["value"]
    if len(values) != 1:
        raise RefusedError(TOO_MANY, "values")
    element = _checked(element, 0)
    if element.get("enum_id") is not None or element.get("enum_code") is not None:
        raise RefusedError(NOT_EXPECTED, "values.0.enum_id")
    if "value" not in element:
        raise RefusedError(MISSING, "values.0.value")
    return element["value"]


def _checked(element: Any, index: int) -> dict[str, Any]:
    """The element itself: an object without unknown keys."""
    if type(element) is not dict:
        raise RefusedError(WRONG_TYPE, f"values.{index}", expected="array")
    if not element.keys() <= _ELEMENT_KEYS:
        strange = next(key for key in element if key not in _ELEMENT_KEYS)
        raise RefusedError(NOT_EXPECTED, f"values.{index}.{strange}")
    return element


def _text(_field: CustomField, values: list[Any], text_limit: int | None) -> Stored:
    value = _only_value(values)
    if type(value) is not str:
        raise RefusedError(WRONG_TYPE, "values.0.value", expected="string")
    if text_limit is not None and len(value) > text_limit:
        raise RefusedError(TOO_LONG, "values.0.value")
    return value or None


def _long_text(field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    return _text(field, values, None)


def _url(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    value = _only_value(values)
    if type(value) is not str:
        raise RefusedError(WRONG_TYPE, "values.0.value", expected="string")
    if not _URL.fullmatch(value):
        raise RefusedError(BAD_URL, "values.0.value")
    return value


def _number(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    value = _only_value(values)
    if type(value) is int or type(value) is float:
        return value
    if type(value) is str and _NUMBER.fullmatch(value):
        return value
    raise RefusedError(WRONG_TYPE, "values.0.value", expected="numeric")


def _flag(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    value = _only_value(values)
    if type(value) is not bool:
        raise RefusedError(WRONG_TYPE, "values.0.value", expected="bool")
    return value


def _moment(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    value = _only_value(values)
    if type(value) is str and _DATE.fullmatch(value):
        try:
            value = int(datetime.fromisoformat(value).timestamp())
        except ValueError as error:  # the 30th of February
            raise RefusedError(WRONG_TYPE, "values.0.value", expected="datetime") from error
    if type(value) is int and _EARLIEST <= value <= _LATEST:
        return value
    raise RefusedError(WRONG_TYPE, "values.0.value", expected="timestamp")


def _choice(field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    if len(values) != 1:
        raise RefusedError(TOO_MANY, "values")
    return _enum_id(field, values, 0)


def _choices(field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    by_value = field.by_value
    try:  # the usual case: labels alone, all of them known
        ids = [by_value[element["value"]] for element in values if len(element) == 1]
    except (KeyError, TypeError):
        ids = []
    if len(ids) != len(values):
        ids = [_enum_id(field, values, index) for index in range(len(values))]
    return list(dict.fromkeys(ids))


def _enum_id(field: CustomField, values: list[Any], index: int) -> int:
    """By `enum_id`, else by `enum_code`, else by `value`."""
    element = _checked(values[index], index)
    lookups: tuple[tuple[str, dict[Any, Any]], ...] = (
        ("enum_id", field.enums),
        ("enum_code", field.by_code),
        ("value", field.by_value),
    )
    for key, known in lookups:
        given = element.get(key)
        if given is None:
            continue
        if type(given) is not (int if key == "enum_id" else str):
            raise RefusedError(WRONG_TYPE, f"values.{index}.{key}", expected="string")
        if given not in known:
            raise RefusedError(NOT_A_CHOICE, f"values.{index}.{key}")
        return int(given if key == "enum_id" else known[given])
    raise RefusedError(MISSING, f"values.{index}.value")


def _several_texts(field: CustomField, values: list[Any], text_limit: int | None) -> Stored:
    """Phones and e-mails: texts with a kind, which is WORK unless given."""
    return [
        [_text_of(_checked(element, index), index, text_limit), _kind(field, element, index)]
        for index, element in enumerate(values)
    ]


def _text_of(element: dict[str, Any], index: int, text_limit: int | None) -> str:
    value = element.get("value")
    if type(value) is not str:
        raise RefusedError(WRONG_TYPE, f"values.{index}.value", expected="string")
    if not value:
        raise RefusedError(BLANK, f"values.{index}.value")
    if text_limit is not None and len(value) > text_limit:
        raise RefusedError(TOO_LONG, f"values.{index}.value")
    return value


def _kind(field: CustomField, element: dict[str, Any], index: int) -> int:
    kind, number = element.get("enum_code"), element.get("enum_id")
    if kind is None and number is None:
        return next(iter(field.enums))
    if number is None and isinstance(kind, str) and kind in field.by_code:
        return field.by_code[kind]
    if isinstance(number, int) and number in field.enums:
        return number
    key = "enum_code" if number is None else "enum_id"
    raise RefusedError(NOT_A_CHOICE, f"values.{index}.{key}")


def _address(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
    parts: list[list[str | int]] = []
    for index in range(len(values)):
        element = _checked(values[index], index)
        value, part, number = (element.get(key) for key in ("value", "enum_code", "enum_id"))
        if type(value) is not str:
            raise RefusedError(WRONG_TYPE, f"values.{index}.value", expected="string")
        if part in ADDRESS_PARTS:
            number = ADDRESS_PARTS.index(part) + 1
        if type(number) is not int or not 1 <= number <= len(ADDRESS_PARTS):
            raise RefusedError(NOT_A_CHOICE, f"values.{index}.enum_code")
        parts.append([value, number])
    return parts


def _object(known: frozenset[str], required: str) -> Reader:
    def read(_field: CustomField, values: list[Any], _limit: int | None) -> Stored:
        value = _only_value(values)
        if type(value) is not dict:
            raise RefusedError(WRONG_TYPE, "values.0.value", expected="array")
        for key in value:
            if key not in known:
                raise RefusedError(NOT_EXPECTED, f"values.0.value.{key}")
        if not value.get(required):
            raise RefusedError(MISSING, f"values.0.value.{required}")
        return value

    return read


READERS: dict[str, Reader] = {
    "text": _text,
    "textarea": _long_text,
    "streetaddress": _long_text,
    "url": _url,
    "numeric": _number,
    "monetary": _number,
    "checkbox": _flag,
    "date": _moment,
    "date_time": _moment,
    "birthday": _moment,
    "select": _choice,
    "radiobutton": _choice,
    "multiselect": _choices,
    "multitext": _several_texts,
    "smart_address": _address,
    "legal_entity": _object(_LEGAL_KEYS, "name"),
    "file": _object(_FILE_KEYS, "file_uuid"),
}
