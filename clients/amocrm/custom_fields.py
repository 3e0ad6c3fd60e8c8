"""Definitions of custom fields.

https://www.amocrm.ru/developers/content/crm_platform/custom-fields (checked 2026-11-22). Reading
is for everybody, creating and changing for the account's administrators.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from clients.amocrm.entities import Entity
from clients.amocrm.listing import Listing
from clients.calls import Call
from clients.errors import UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import (
    JsonObject,
    ShapeError,
    child,
    flag,
    integer,
    objects,
    objects_or_none,
    text,
    text_or_none,
)
from clients.transport import PATIENCE


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field of all cards of one kind. `enums`: what can be chosen -> the choice's id."""

    entity: Entity
    field_id: int
    code: str | None
    name: str
    type: str
    enums: Mapping[str, int]
    api_only: bool


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to be created. `api_only`: managers see it and cannot change it."""

    code: str
    name: str
    type: str
    enums: Sequence[str] = ()
    api_only: bool = False


class CustomFields:
    """The fields of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def list(
        self, entity: Entity, *, lane: Lane, patience: float = PATIENCE
    ) -> tuple[CustomField, ...]:
        """All fields of the cards of this kind."""
        listing = Listing(_path(entity), "custom_fields", lambda found: _field(entity, found))
        return listing.whole(self._service, lane=lane, patience=patience)

    def create(
        self,
        entity: Entity,
        fields: Sequence[NewField],
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> tuple[CustomField, ...]:
        """Create fields. A code that is taken already is a ValidationError, named by the code.

        So a create whose outcome is unknown is settled by listing the fields.
        """
        body = orjson.dumps([_definition(new) for new in fields])
        call = Call(
            "POST", _path(entity), body=body, writes=True, repeatable=False, items=len(fields)
        )
        return self._service.write(
            call, lambda found: _fields(entity, found), lane=lane, patience=patience
        )

    def add_enum_values(
        self,
        field: CustomField,
        values: Sequence[str],
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> CustomField:
        """Let these values be chosen too; the field as it is then.

        amoCRM is told the whole list, as what it is not told may be deleted; so the list is read
        right before. Two requests, one where nothing is new.
        """
        path = f"{_path(field.entity)}/{field.field_id}"
        found = self._service.read(
            Call("GET", path), lambda found: found, lane=lane, patience=patience
        )
        if found is None:
            raise UnexpectedAnswerError(
                service=self._service.name, call=f"GET {path}", detail="there is no such field"
            )
        present = objects_or_none(found, "enums")
        known = {each.get("value") for each in present}
        new = [value for value in dict.fromkeys(values) if value not in known]
        if not new:
            return _field(field.entity, found)
        call = Call("PATCH", path, body=orjson.dumps({"enums": _enums(present, new)}), writes=True)
        return self._service.write(
            call, lambda found: _changed(field.entity, found), lane=lane, patience=patience
        )


def _path(entity: Entity) -> str:
    return f"/api/v4/{entity}/custom_fields"


def _definition(new: NewField) -> dict[str, object]:
    definition: dict[str, object] = {
        "request_id": new.code,
        "code": new.code,
        "name": new.name,
        "type": new.type,
        "is_api_only": new.api_only,
    }
    if new.enums:
        definition["enums"] = _enums([], new.enums)
    return definition


def _enums(present: Sequence[JsonObject], new: Sequence[str]) -> list[dict[str, object]]:
    """The whole list of choices: those that are there keep their ids, the new ones go last."""
    kept = [
        {name: each[name] for name in ("id", "value", "sort", "code") if each.get(name) is not None}
        for each in present
    ]
    last = max((integer(each, "sort") for each in present if "sort" in each), default=0)
    return kept + [{"value": value, "sort": last + n} for n, value in enumerate(new, 1)]


def _field(entity: Entity, found: JsonObject) -> CustomField:
    return CustomField(
        entity=entity,
        field_id=integer(found, "id"),
        code=text_or_none(found, "code"),
        name=text(found, "name"),
        type=text(found, "type"),
        enums={
            text(each, "value"): integer(each, "id") for each in objects_or_none(found, "enums")
        },
        api_only=flag(found, "is_api_only"),
    )


def _fields(entity: Entity, found: JsonObject) -> tuple[CustomField, ...]:
    items = objects(child(found, "_embedded"), "custom_fields")
    return tuple(_field(entity, item) for item in items)


def _changed(entity: Entity, found: JsonObject) -> CustomField:
    """The one changed field: bare, or in an envelope as Kommo documents it."""
    if "_embedded" not in found:
        return _field(entity, found)
    fields = _fields(entity, found)
    if len(fields) != 1:
        raise ShapeError(f"{len(fields)} fields, not the one that was changed")
    return fields[0]
