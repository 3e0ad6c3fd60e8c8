"""Notes of companies and leads."""

from dataclasses import dataclass
from typing import Any

from emulators.amocrm.problems import (
    BLANK,
    MISSING,
    NOT_A_CHOICE,
    NOT_EXPECTED,
    WRONG_TYPE,
    RefusedError,
)

FIRST_ID = 70_000_001
KNOWN_KEYS = frozenset(
    {"note_type", "params", "request_id", "created_by", "responsible_user_id", "created_at"}
)
KNOWN_TYPES = frozenset({"common"})  # the other types belong to calls, mail and services


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    entity: str
    entity_id: int
    note_type: str
    text: str
    created_at: int
    created_by: int


class NoteBook:
    def __init__(self) -> None:
        self._notes: dict[tuple[str, int], list[Note]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, entity: str, entity_id: int) -> list[Note]:
        return self._notes.get((entity, entity_id), [])

    def add(self, *, entity: str, entity_id: int, text: str, now: float, user: int) -> Note:
        note = Note(FIRST_ID + self._count, entity, entity_id, "common", text, int(now), user)
        self._count += 1
        self._notes.setdefault((entity, entity_id), []).append(note)
        return note


def read_text(item: Any) -> str:
    """The text of a common note, or RefusedError."""
    if type(item) is not dict:
        raise RefusedError(WRONG_TYPE, expected="array")
    for key in item:
        if key not in KNOWN_KEYS:
            raise RefusedError(NOT_EXPECTED, key)
    if item.get("note_type") not in KNOWN_TYPES:
        raise RefusedError(NOT_A_CHOICE, "note_type")
    params = item.get("params")
    if type(params) is not dict or "text" not in params:
        raise RefusedError(MISSING, "params.text")
    for key in params:
        if key != "text":
            raise RefusedError(NOT_EXPECTED, f"params.{key}")
    if type(params["text"]) is not str:
        raise RefusedError(WRONG_TYPE, "params.text", expected="string")
    if not params["text"]:
        raise RefusedError(BLANK, "params.text")
    return params["text"]


def shown_note(note: Note, *, account_id: int) -> dict[str, Any]:
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.created_by,
        "created_at": note.created_at,
        "updated_at": note.created_at,
        "responsible_user_id": note.created_by,
        "group_id": 0,
        "note_type": note.note_type,
        "params": {"text": note.text},
        "account_id": account_id,
    }
