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
        values = (each.get("value") for each in objects_or_none(field, "values"))
        fields[_key(field)] = tuple(value for value in values if isinstance(value, FieldValue))
    return fields


def field_keys(found: JsonObject) -> dict[str, str]:
    """What a filled field may be called (`plain_name` of its id, code or name) -> its key.

    Ids go before codes, codes before names; of two fields with one name the first is meant.
    """
    fields = objects_or_none(found, "custom_fields_values")
    by_name = [(text_or_none(field, "field_name"), _key(field)) for field in fields]
    by_code = [(text_or_none(field, "field_code"), _key(field)) for field in fields]
    by_id = [(str(integer(field, "field_id")), _key(field)) for field in fields]
    # The last one wins, so the most certain come last.
    called = [*reversed(by_name), *reversed(by_code), *by_id]
    return {plain_name(name): key for name, key in called if name}


def plain_name(name: str) -> str:
    """A name as people compare it: neither case nor spaces around and between words count."""
    return " ".join(name.split()).casefold()


def _key(field: JsonObject) -> str:
    return text_or_none(field, "field_code") or str(integer(field, "field_id"))
