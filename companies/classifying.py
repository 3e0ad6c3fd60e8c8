"""Which sellers are new, changed or as they were: one statement for any number of sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from operations import statements
from operations.arrays import Blobs, Texts


class Standing(Enum):
    """What has to be done for a seller now."""

    UNCHANGED = auto()
    NEW = auto()
    CHANGED = auto()
    REJECTED_BEFORE = auto()  # and the data are the same: amoCRM would say no again
    BUSY = auto()  # somebody is creating it, or the outcome is not known yet
    GONE = auto()  # deleted in amoCRM; an operator's to decide
    STALE = auto()  # something newer than these data is confirmed already


NOT_NOW: Mapping[str | None, Standing] = {"p": Standing.BUSY, "g": Standing.GONE}


@dataclass(frozen=True, slots=True)
class Known:
    """What our tables say about a seller; `state` is that of SellerSync, None where it is new.

    `is_newer`: something newer than these data is confirmed. `is_due`: the run sends everybody.
    """

    state: str | None
    company_id: int | None
    fingerprint: bytes | None
    refused: bytes | None
    is_newer: bool
    is_due: bool

    def standing(self, fingerprint: bytes) -> Standing:
        """What has to be done where this is the fingerprint of the seller's mapped values."""
        if self.state in NOT_NOW:
            return NOT_NOW[self.state]
        if self.refused == fingerprint:
            return Standing.REJECTED_BEFORE
        if self.state != "k" or self.company_id is None:
            return Standing.NEW
        if self.is_newer:
            return Standing.STALE
        if self.fingerprint == fingerprint and not self.is_due:
            return Standing.UNCHANGED
        return Standing.CHANGED


NOT_KNOWN = Known(None, None, None, None, is_newer=False, is_due=False)

# Only those that are not simply as they were come back: in the steady state nearly nobody.
# The bounds: sellers of neighbouring portions lie side by side, and without being told so
# PostgreSQL may read the whole index up to them (benchmarks/README.md, "Bounds").
CLASSIFY = """
WITH given AS (
    SELECT * FROM unnest(%(sellers)b::text[], %(sources)b::bytea[])
                  WITH ORDINALITY AS g(seller_id, source, ord)
)
SELECT given.ord, known.state, company.company_id, known.fingerprint, known.refused,
       coalesce(known.as_of > %(as_of)s::timestamptz, false),
       coalesce(known.confirmed_at < %(afresh)s::timestamptz, false)
FROM given
LEFT JOIN seller_sync known ON known.seller_id = given.seller_id
    AND known.seller_id >= (SELECT min(seller_id) FROM given)
    AND known.seller_id <= (SELECT max(seller_id) FROM given)
LEFT JOIN companies company ON company.seller_id = given.seller_id
    AND company.seller_id >= (SELECT min(seller_id) FROM given)
    AND company.seller_id <= (SELECT max(seller_id) FROM given)
WHERE known.state IS DISTINCT FROM 'k' OR known.fingerprint IS NULL
   OR known.source IS DISTINCT FROM given.source OR known.confirmed_at < %(afresh)s::timestamptz
"""


def classify(
    *,
    sellers: Sequence[str],
    sources: Sequence[bytes | None],
    as_of: datetime,
    afresh: datetime | None = None,
) -> Mapping[int, Known]:
    """By position in `sellers`: what is known of everyone who may have to be written.

    `sources`: their source digests; who is linked and has the same one is left out. `afresh`: who
    was confirmed before that moment is due, whatever the digests.
    """
    arguments = {
        # PostgreSQL's text holds no NUL, and nobody with one in the id can be known.
        "sellers": Texts("" if "\x00" in seller else seller for seller in sellers),
        "sources": Blobs(sources),
        "as_of": as_of,
        "afresh": afresh,
    }
    return {row[0] - 1: _known(row[1:]) for row in statements.fetch_bound(CLASSIFY, arguments)}


def _known(row: Sequence[Any]) -> Known:
    state, company_id, fingerprint, refused, is_newer, is_due = row
    return Known(
        state=state,
        company_id=None if company_id is None else int(company_id),
        fingerprint=None if fingerprint is None else bytes(fingerprint),
        refused=None if refused is None else bytes(refused),
        is_newer=is_newer,
        is_due=is_due,
    )
