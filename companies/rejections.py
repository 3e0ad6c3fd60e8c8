"""Sellers that amoCRM, or we ourselves, would not take: remembered with the words and the refused values.

Tried again when the data changed or an operator asks, never every hour (reliability.md, amendment 4).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.errors import FieldError
from companies.exports import Export
from companies.models import Rejection, SellerSync
from operations import statements

REJECT = """
WITH given AS (
    SELECT * FROM unnest(%(sellers)s::text[], %(fingerprints)s::bytea[], %(codes)s::text[],
                         %(paths)s::text[], %(details)s::text[])
        AS g(seller_id, fingerprint, code, path, detail)
), marked AS (
    INSERT INTO seller_sync AS s (seller_id, state, refused)
    SELECT seller_id, 'x', fingerprint FROM given ORDER BY seller_id
    ON CONFLICT (seller_id) DO UPDATE
    SET refused = excluded.refused, state = CASE WHEN s.state = 'k' THEN 'k' ELSE 'x' END
    WHERE s.state <> 'g' AND (s.state <> 'p' OR s.attempt_id = %(attempt)s)
    RETURNING seller_id
)
INSERT INTO rejection AS r
    (seller_id, what, code, path, detail, run_id, first_at, last_at, times)
SELECT seller_id, %(what)s, code, path, detail, %(run)s, clock_timestamp(), clock_timestamp(), 1
FROM given JOIN marked USING (seller_id) ORDER BY seller_id
ON CONFLICT (seller_id) DO UPDATE
SET what = excluded.what, code = excluded.code, path = excluded.path, detail = excluded.detail,
    run_id = excluded.run_id, last_at = excluded.last_at, times = r.times + 1
"""
RETRY = """
WITH again AS (DELETE FROM rejection WHERE seller_id = ANY(%(sellers)s) RETURNING seller_id)
UPDATE seller_sync s SET refused = NULL, state = CASE WHEN s.state = 'x' THEN 'a' ELSE s.state END
FROM again WHERE s.seller_id = again.seller_id
"""


# What a 413 for a single company says; amoCRM itself names nothing then.
TOO_LARGE = FieldError("TooLarge", "", "amoCRM не принимает компанию такого размера")


@dataclass(frozen=True, slots=True)
class Refused:
    """One seller's complaint: amoCRM's code, path and words, and the fingerprint it was about."""

    fingerprint: bytes
    code: str
    path: str
    detail: str


def words(export: Export, complaint: FieldError) -> Refused:
    """amoCRM's complaint about one seller's values."""
    return Refused(export.fingerprint, complaint.code, complaint.path, complaint.detail)


def reject(
    *,
    what: Rejection.What,
    refused: Mapping[str, Refused],
    run_id: int | None,
    attempt: uuid.UUID | None = None,
) -> None:
    """Write rejections down; a seller that another attempt is creating is left to it."""
    if not refused:
        return
    complaints = list(refused.values())
    arguments = {
        "what": what,
        "run": run_id,
        "attempt": attempt,
        "sellers": [_storable(seller) for seller in refused],
        "fingerprints": [complaint.fingerprint for complaint in complaints],
        "codes": [complaint.code[:60] for complaint in complaints],
        "paths": [complaint.path[:200] for complaint in complaints],
        "details": [_storable(complaint.detail) for complaint in complaints],
    }
    statements.execute(REJECT, arguments)


def _storable(text: str) -> str:
    return text.replace("\x00", "\N{SYMBOL FOR NULL}")  # PostgreSQL's text holds no NUL


def retry(*, sellers: Sequence[str]) -> int:
    """An operator asks: send these again with the next run. How many sellers that concerns."""
    return statements.execute(RETRY, {"sellers": list(sellers)})


def is_rejected(*, seller_id: str) -> bool:
    """Whether the seller's last export was refused."""
    return SellerSync.objects.filter(seller_id=seller_id, refused__isnull=False).exists()
