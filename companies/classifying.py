"""Which sellers are new, changed or as they were: one statement for any number of sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from operations import statements


class Standing(Enum):
    """What has to be done for a seller now."""

    UNCHANGED = auto()
    NEW = auto()
    CHANGED = auto()
    REJECTED_BEFORE = auto()  # and the data are the same: amoCRM would say no again
    BUSY = auto()  # somebody is creating it, or the outcome is not known yet
    GONE = auto()  # deleted in amoCRM; an operator's to decide
    STALE = auto()  # something newer than these data is confirmed already


@dataclass(frozen=True, slots=True)
class Classified:
    """`company_id` and `known` (the confirmed fingerprint) are set for CHANGED."""

    standing: Standing
    company_id: int = 0
    known: bytes | None = None


UNCHANGED = Classified(Standing.UNCHANGED)

# Only those that are not simply unchanged come back: in the steady state nearly nobody.
CLASSIFY = """
SELECT given.ord, known.state, company.company_id, known.fingerprint,
       known.refused = given.fingerprint, known.as_of > %(as_of)s::timestamptz
FROM unnest(%(sellers)s::text[], %(fingerprints)s::bytea[])
     WITH ORDINALITY AS given(seller_id, fingerprint, ord)
LEFT JOIN seller_sync known USING (seller_id)
LEFT JOIN companies company USING (seller_id)
WHERE known.state IS DISTINCT FROM 'k' OR known.fingerprint IS DISTINCT FROM given.fingerprint
   OR known.confirmed_at < %(afresh)s::timestamptz
"""


def classify(
    *,
    sellers: Sequence[str],
    fingerprints: Sequence[bytes],
    as_of: datetime,
    afresh: datetime | None = None,
) -> Mapping[int, Classified]:
    """By position in `sellers`: everyone who is not UNCHANGED.

    `afresh`: who was confirmed before that moment counts as changed, whatever the fingerprint.
    """
    arguments = {
        "sellers": list(sellers),
        "fingerprints": list(fingerprints),
        "as_of": as_of,
        "afresh": afresh,
    }
    return {row[0] - 1: _standing(*row[1:]) for row in statements.fetch_bound(CLASSIFY, arguments)}


def _standing(
    state: str | None,
    company_id: str | None,
    known: bytes | None,
    refused_these: bool | None,
    is_newer: bool | None,
) -> Classified:
    if state == "p":
        return Classified(Standing.BUSY)
    if state == "g":
        return Classified(Standing.GONE)
    if refused_these:
        return Classified(Standing.REJECTED_BEFORE)
    if state != "k" or company_id is None:
        return Classified(Standing.NEW)
    if is_newer:
        return Classified(Standing.STALE)
    return Classified(Standing.CHANGED, int(company_id), None if known is None else bytes(known))
