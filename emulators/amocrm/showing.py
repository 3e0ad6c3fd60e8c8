"""Values of custom fields as amoCRM shows them, and in short form for judges."""

from collections.abc import Sequence
from typing import Any

from emulators.amocrm.fields import ADDRESS_PARTS, CustomField, FieldBook
from emulators.amocrm.values import Stored


def custom_fields_values(book: FieldBook, values: Sequence[Stored]) -> list[dict[str, Any]] | None:
    """The list of a model; None when there is nothing to show."""
    shown = []
    for field, stored in zip(book.slots, values, strict=False):
        if field is None or stored is None:
            continue
        if elements := elements_of(field, stored):
            shown.append(
                {
                    "field_id": field.id,
                    "field_name": field.name,
                    "field_code": field.code,
                    "field_type": field.type,
                    "values": elements,
                }
            )
    return shown or None


def elements_of(field: CustomField, stored: Stored) -> list[dict[str, Any]]:
    """Enum values deleted since are left out."""
    if isinstance(stored, list):
        return [shown for each in stored if (shown := _element(field, each)) is not None]
    if field.type in ("select", "radiobutton"):
        shown = _element(field, stored)
        return [] if shown is None else [shown]
    if field.type in ("numeric", "monetary"):
        return [{"value": str(stored)}]
    return [{"value": stored}]


def _element(field: CustomField, each: Any) -> dict[str, Any] | None:
    if field.type == "smart_address":
        value, number = each
        return {"value": value, "enum_id": number, "enum_code": ADDRESS_PARTS[number - 1]}
    value, enum_id = each if isinstance(each, list) else (None, each)
    enum = field.enums.get(enum_id)
    if enum is None:
        return None
    return {
        "value": enum.value if value is None else value,
        "enum_id": enum.id,
        "enum_code": enum.code,
    }


def short(book: FieldBook, values: Sequence[Stored]) -> dict[str, Any]:
    """Code (or id) of a field to its value: a scalar, or a list of labels, or of [text, kind]."""
    return {
        field.code or str(field.id): _short(field, stored)
        for field, stored in zip(book.slots, values, strict=False)
        if field is not None and stored is not None
    }


def _short(field: CustomField, stored: Stored) -> Any:
    elements = elements_of(field, stored)
    match field.type:
        case "multitext" | "smart_address":
            return [[each["value"], each["enum_code"]] for each in elements]
        case "multiselect":
            return [each["value"] for each in elements]
        case "numeric" | "monetary":
            return stored
        case _:
            return elements[0]["value"] if elements else None
