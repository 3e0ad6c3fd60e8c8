"""What amoCRM tells about a card."""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.shapes import (
    JsonObject,
    flag,
    integer,
    integer_or_none,
    objects_or_none,
    text_or_none,
)

FieldValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company.

    `fields`: by code where the field has one, else by its id as a string; only those that are
    filled. Values as amoCRM has them: text, numbers, days as unix seconds, labels of choices.
    `created_at`, `updated_at`: unix seconds.
    """

    company_id: int
    name: str
    created_at: int | None
    updated_at: int | None
    is_deleted: bool
    fields: Mapping[str, tuple[FieldValue, ...]]

    def text(self, code: str) -> str:
        """The first value of a field as text; empty where the field is."""
        values = self.fields.get(code, ())
        return str(values[0]) if values else ""


def company_record(found: JsonObject) -> CompanyRecord:
    """A company out of amoCRM's JSON."""
    return CompanyRecord(
        company_id=integer(found, "id"),
        name=text_or_none(found, "name") or "",
        created_at=integer_or_none(found, "created_at"),
        updated_at=integer_or_none(found, "updated_at"),
        is_deleted=flag(found, "is_deleted"),
        fields=field_values(found),
    )


def field_values(found: JsonObject) -> dict[str, tuple[FieldValue, ...]]:
    """The card's `custom_fields_values`. Compound values (a legal entity, a file) are left out."""
    fields: dict[str, tuple[FieldValue, ...]] = {}
    for field in objects_or_none(found, "custom_fields_values"):
        key = text_or_none(field, "field_code") or str(integer(field, "field_id"))
        values = (each.get("value") for each in objects_or_none(field, "values"))
        fields[key] = tuple(value for value in values if isinstance(value, FieldValue))
    return fields
