"""Notes on cards.

https://www.amocrm.ru/developers/content/crm_platform/events-and-notes (checked 2026-11-22).
"""

from dataclasses import dataclass

import orjson

from clients.amocrm.entities import Entity
from clients.amocrm.listing import Listing
from clients.calls import Call
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import (
    JsonObject,
    ShapeError,
    child,
    integer,
    integer_or_none,
    objects,
    text,
    text_or_none,
)
from clients.transport import PATIENCE


@dataclass(frozen=True, slots=True)
class Note:
    """A note. `text`: empty for kinds that have none (calls, files). `created_at`: unix seconds."""

    note_id: int
    note_type: str
    text: str
    created_at: int | None


class Notes:
    """The notes of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def list(
        self, entity: Entity, entity_id: int, *, lane: Lane, patience: float = PATIENCE
    ) -> tuple[Note, ...]:
        """All notes of one card."""
        listing = Listing(_path(entity, entity_id), "notes", _note)
        return listing.whole(self._service, lane=lane, patience=patience)

    def add(
        self,
        entity: Entity,
        entity_id: int,
        text: str,
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> int:
        """Add a plain note; its id. A repeated call makes a second note."""
        body = orjson.dumps([{"note_type": "common", "params": {"text": text}}])
        call = Call("POST", _path(entity, entity_id), body=body, writes=True, repeatable=False)
        return self._service.write(call, _added, lane=lane, patience=patience)


def _path(entity: Entity, entity_id: int) -> str:
    return f"/api/v4/{entity}/{entity_id}/notes"


def _note(found: JsonObject) -> Note:
    return Note(
        note_id=integer(found, "id"),
        note_type=text(found, "note_type"),
        text=text_or_none(child(found, "params"), "text") or "",
        created_at=integer_or_none(found, "created_at"),
    )


def _added(found: JsonObject) -> int:
    notes = objects(child(found, "_embedded"), "notes")
    if len(notes) != 1:
        raise ShapeError(f"{len(notes)} notes, not the one that was added")
    return integer(notes[0], "id")
