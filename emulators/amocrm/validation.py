"""Reading a batch of companies: everything strict, and one bad item refuses them all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.amocrm.companies import Draft
from emulators.amocrm.fields import FieldBook
from emulators.amocrm.odd_text import odd_text_at
from emulators.amocrm.problems import (
    BAD_TEXT,
    BLANK,
    MISSING,
    NOT_A_CHOICE,
    NOT_EXPECTED,
    TOO_LONG,
    WRONG_TYPE,
    AnsweredError,
    Complaint,
    RefusedError,
    invalid,
)
from emulators.amocrm.tags import TagBook
from emulators.amocrm.values import READERS, Stored, read_values

_USERS = frozenset({"responsible_user_id", "created_by", "updated_by"})
_MOMENTS = frozenset({"created_at", "updated_at"})
_ENTRY_KEYS = frozenset({"field_id", "field_code", "values"})
_NOBODY = 0  # the robot; not a valid responsible user


@dataclass(frozen=True, slots=True)
class Rules:
    """What items are measured by. `odd_text`: the items have to be looked through for it."""

    fields: FieldBook
    tags: TagBook
    users: frozenset[int]
    text_limit: int | None
    updating: bool
    odd_text: bool = False


def read_batch(items: list[Any], rules: Rules) -> list[Draft]:
    """One draft per item. AnsweredError: the 400 that names every bad item."""
    drafts: list[Draft] = []
    complaints: list[Complaint] = []
    for index, item in enumerate(items):
        draft = Draft(str(index))
        errors = _read_item(item, draft, rules)
        if errors:
            complaints.extend(Complaint(draft.request_id, error) for error in errors)
        else:
            drafts.append(draft)
    if complaints:
        raise AnsweredError(invalid(complaints))
    return drafts


def _read_item(item: Any, draft: Draft, rules: Rules) -> list[RefusedError]:
    if type(item) is not dict:
        return [RefusedError(WRONG_TYPE, expected="array")]
    errors: list[RefusedError] = []
    if "request_id" in item:
        _attempt(errors, _read_request_id, item["request_id"], draft)
    if rules.odd_text and (path := odd_text_at(item)) is not None:
        errors.append(RefusedError(BAD_TEXT, path))
    if rules.updating and "id" not in item:
        errors.append(RefusedError(MISSING, "id"))
    for key, value in item.items():
        if key == "custom_fields_values":
            _read_fields(value, draft, rules, errors)
        elif key == "name":
            _attempt(errors, _read_name, value, draft, rules)
        elif key != "request_id":
            _attempt(errors, _read_other, key, value, draft, rules)
    return errors


def _attempt(errors: list[RefusedError], read: Callable[..., None], *arguments: Any) -> None:
    try:
        read(*arguments)
    except RefusedError as error:
        errors.append(error)


def _read_fields(entries: Any, draft: Draft, rules: Rules, errors: list[RefusedError]) -> None:
    """The hot path of the emulator: some 22 entries for each of 250 items."""
    if entries is None:
        return
    if type(entries) is not list:
        errors.append(RefusedError(WRONG_TYPE, "custom_fields_values", expected="array"))
        return
    by_id, by_code, limit = rules.fields.by_id, rules.fields.by_code, rules.text_limit
    stored = draft.values
    for index, entry in enumerate(entries):
        try:
            if type(entry) is dict and len(entry) == 2 and "values" in entry:
                values, key = entry["values"], entry.get("field_id")
                if type(key) is int:
                    field = by_id.get(key)
                else:
                    key = entry.get("field_code")
                    field = by_code.get(key) if type(key) is str else None
                if field is not None and type(values) is list and values:
                    stored[field.slot] = READERS[field.type](field, values, limit)
                    continue
            slot, value = _read_entry(entry, rules)
            stored[slot] = value
        except RefusedError as error:
            errors.append(error.at(f"custom_fields_values.{index}"))


def _read_entry(entry: Any, rules: Rules) -> tuple[int, Stored]:
    """An entry that is not the usual pair of field and values, checked step by step."""
    if type(entry) is not dict:
        raise RefusedError(WRONG_TYPE, expected="array")
    for key in entry:
        if key not in _ENTRY_KEYS:
            raise RefusedError(NOT_EXPECTED, key)
    by_id, by_code = entry.get("field_id"), entry.get("field_code")
    if by_id is None and by_code is None:
        raise RefusedError(MISSING, "field_id")
    if by_id is not None and type(by_id) is not int:
        raise RefusedError(WRONG_TYPE, "field_id", expected="int")
    if by_code is not None and type(by_code) is not str:
        raise RefusedError(WRONG_TYPE, "field_code", expected="string")
    book = rules.fields
    field = book.by_code.get(by_code or "") if by_id is None else book.by_id.get(by_id)
    if field is None:
        raise RefusedError(NOT_A_CHOICE, "field_code" if by_id is None else "field_id")
    if "values" not in entry:
        raise RefusedError(MISSING, "values")
    return field.slot, read_values(field, entry["values"], rules.text_limit)


def _read_request_id(value: Any, draft: Draft) -> None:
    if value is not None and type(value) not in (str, int):
        raise RefusedError(WRONG_TYPE, "request_id", expected="string")
    if value is not None:
        draft.request_id = str(value)


def _read_name(value: Any, draft: Draft, rules: Rules) -> None:
    if type(value) is not str:
        raise RefusedError(WRONG_TYPE, "name", expected="string")
    if not value.strip():
        raise RefusedError(BLANK, "name")
    if rules.text_limit is not None and len(value) > rules.text_limit:
        raise RefusedError(TOO_LONG, "name")
    draft.name = value


def _read_other(key: str, value: Any, draft: Draft, rules: Rules) -> None:
    if key == "id" and rules.updating:
        draft.id = _integer(key, value)
    elif key in _USERS:
        user = draft.attributes[key] = _integer(key, value)
        if user not in rules.users and (user != _NOBODY or key == "responsible_user_id"):
            raise RefusedError(NOT_A_CHOICE, key)
    elif key in _MOMENTS:
        draft.attributes[key] = _integer(key, value)
    elif key == "tags_to_add":
        draft.tags_to_add = rules.tags.read(value, key)
    elif key == "tags_to_delete" and rules.updating:
        draft.tags_to_delete = rules.tags.read(value, key)
    elif key == "_embedded":
        _read_embedded(value, draft, rules)
    else:
        raise RefusedError(NOT_EXPECTED, key)


def _read_embedded(value: Any, draft: Draft, rules: Rules) -> None:
    if type(value) is not dict:
        raise RefusedError(WRONG_TYPE, "_embedded", expected="array")
    for key in value:
        if key != "tags":
            raise RefusedError(NOT_EXPECTED, f"_embedded.{key}")
    if "tags" in value:
        draft.tags = rules.tags.read(value["tags"] or [], "_embedded.tags")


def _integer(key: str, value: Any) -> int:
    if type(value) is not int:
        raise RefusedError(WRONG_TYPE, key, expected="int")
    return value
