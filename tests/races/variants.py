"""The product's statements without one of their guards, and callers that carry out such a variant."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import orjson

from companies import attempts
from companies.updating import Confirmation
from operations import statements
from operations.portions import Closing

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
PRINT = b"fingerprint"
LEASE = 60.0  # seconds: no test here waits for one to end


def without(statement: str, guard: str, *, instead: str = "") -> str:
    """The statement without its guard, which has to be there, once."""
    assert statement.count(guard) == 1, f"{statement.count(guard)} times: {guard}"
    return statement.replace(guard, instead)


def claim(
    statement: str, sellers: Sequence[str], *, attempt: uuid.UUID | None = None
) -> frozenset[str]:
    """`attempts.claim` by this statement."""
    arguments = {
        "attempt": attempt or uuid.uuid4(),
        "run": None,
        "sellers": list(sellers),
        "fingerprints": [PRINT] * len(sellers),
        "sources": [None] * len(sellers),
        "as_of": AS_OF,
        "lease": LEASE,
        "scan": attempts.ABSENCE_SCAN,
    }
    return frozenset(row[0] for row in statements.fetch_bound(statement, arguments))


def mark_sent(statement: str, *, attempt: uuid.UUID) -> datetime | None:
    """`attempts.mark_sent` by this statement."""
    rows = statements.fetch(statement, {"attempt": attempt, "marked": None})
    return rows[0][0] if rows else None


def advance(
    statement: str, *, run_id: int, holder: uuid.UUID, closed: Sequence[Closing] = (), most: int
) -> list[int]:
    """`portions.advance` by this statement; which portions it claimed."""
    records = [asdict(closing) | asdict(closing.tally) for closing in closed]
    arguments = {
        "run": run_id,
        "holder": holder,
        "closed": orjson.dumps(records).decode(),
        "held": [],
        "mine": [closing.portion_id for closing in closed],
        "most": most,
        "lease": LEASE,
        "most_unsettled": 3,
    }
    return [row[1] for row in statements.fetch(statement, arguments) if row[1] is not None]


def confirm_updates(statement: str, confirmations: Sequence[Confirmation]) -> None:
    """`updating.confirm` by this statement."""
    arguments = {
        "sellers": [each.update.export.seller_id for each in confirmations],
        "known": [each.update.known for each in confirmations],
        "fingerprints": [each.update.export.fingerprint for each in confirmations],
        "sources": [each.update.export.source for each in confirmations],
        "written": [each.written for each in confirmations],
        "updated_at": [each.updated_at for each in confirmations],
        "as_of": [each.as_of for each in confirmations],
    }
    statements.fetch_bound(statement, arguments)
