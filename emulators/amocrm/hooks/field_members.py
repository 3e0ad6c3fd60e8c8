"""Values of custom fields in the shapes of webhooks, which differ from those of the API (5.3)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from emulators.amocrm.fields import CustomField, FieldBook
from emulators.amocrm.showing import elements_of
from emulators.amocrm.values import Stored


def custom_fields(book: FieldBook, values: Sequence[Stored]) -> list[dict[str, Any]]:
    """Empty fields are not sent, and an unticked checkbox is empty."""
    shown = []
    for field, stored in zip(book.slots, values, strict=False):
        if field is None or stored is None or stored is False:
            continue
        if elements := elements_of(field, stored):
            values_shown = _values(field, elements)
            shown.append(
                {"id": field.id, "name": field.name, "values": values_shown, "code": field.code}
            )
    return shown


def _values(field: CustomField, elements: list[dict[str, Any]]) -> Any:
    match field.type:
        case "date" | "date_time":
            return [each["value"] for each in elements]
        case "birthday":
            return [{"value": _day(each["value"])} for each in elements]
        case "radiobutton":
            return _element(elements[0])
        case _:
            return [_element(each) for each in elements]


def _element(element: dict[str, Any]) -> dict[str, Any]:
    """`enum` is the id of the enum value; None, which is not sent, where there is none."""
    return {"value": element["value"], "enum": element.get("enum_id")}


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d.%m.%Y")
