"""The create protocol's transitions in the database (docs/reliability.md, "Creating").

Every function is one statement, and one statement is one transaction. The names are those of the
model that is explored in tests/races/create_model.py.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from operations import counters, statements
from operations.arrays import Blobs, Texts

CLAIMED_IN_VAIN = "sellers_claimed_in_vain"  # a counter
ABSENCE_SCAN = "companies.absence_scan"  # the lease under which absence is being proved

# ORDER BY: claims that overlap take their row locks in one order. Without it they deadlock.
CLAIM = """
WITH attempt AS (
    INSERT INTO create_attempt
        (id, run_id, state, size, watermark, lease_until, absent_reads, created_at)
    SELECT %(attempt)s::uuid, %(run)s::bigint, 'p', cardinality(%(sellers)b::text[]), company_id,
           clock_timestamp() + %(lease)s::float8 * interval '1 second', 0, clock_timestamp()
    FROM crm_watermark
    WHERE NOT EXISTS (
        SELECT FROM operations_lease WHERE name = %(scan)s AND until > clock_timestamp())
    RETURNING id
)
INSERT INTO seller_sync AS s (seller_id, state, attempt_id, fingerprint, source, as_of)
SELECT given.seller_id, 'p', attempt.id, given.fingerprint, given.source, %(as_of)s::timestamptz
FROM unnest(%(sellers)b::text[], %(fingerprints)b::bytea[], %(sources)b::bytea[])
     AS given(seller_id, fingerprint, source), attempt
ORDER BY given.seller_id
ON CONFLICT (seller_id) DO UPDATE
SET state = 'p', attempt_id = excluded.attempt_id, fingerprint = excluded.fingerprint,
    source = excluded.source, as_of = excluded.as_of
WHERE s.state IN ('a', 'x')
RETURNING seller_id
"""

# The fence. A second mark of the same attempt is its owner's right: it knows that nothing was sent.
MARK_SENT = """
UPDATE create_attempt
SET state = 's', sent_at = clock_timestamp(), absent_reads = 0, absent_at = NULL
WHERE id = %(attempt)s AND ((state = 'p' AND lease_until > clock_timestamp())
                            OR (state = 's' AND sent_at = %(marked)s))
RETURNING sent_at
"""

# The only place where a row of `companies` is born. CASE, and not OR: no index is asked who is
# claimed. In a first load it says so of everybody who was claimed since the last vacuum.
CONFIRM = """
WITH given AS (
    SELECT * FROM unnest(%(sellers)b::text[], %(companies)b::text[]) AS g(seller_id, company_id)
), linked AS (
    UPDATE seller_sync s
    SET state = 'k', refused = NULL, confirmed_at = clock_timestamp()
    FROM given WHERE s.seller_id = given.seller_id
        AND s.seller_id >= (SELECT min(seller_id) FROM given)  -- see companies/classifying.py
        AND s.seller_id <= (SELECT max(seller_id) FROM given)
        AND CASE s.state WHEN 'p' THEN s.attempt_id = %(attempt)s ELSE s.state IN ('a', 'x') END
    RETURNING s.seller_id
), born AS (
    INSERT INTO companies (seller_id, company_id, linked_at)
    SELECT seller_id, company_id, clock_timestamp() FROM given JOIN linked USING (seller_id)
    ORDER BY seller_id ON CONFLICT DO NOTHING RETURNING seller_id
), second AS (
    INSERT INTO company_duplicate (seller_id, company_id, how, found_at)
    SELECT given.seller_id, given.company_id, %(how)s::text, clock_timestamp()
    FROM given LEFT JOIN companies c ON c.seller_id = given.seller_id
        AND c.seller_id >= (SELECT min(seller_id) FROM given)
        AND c.seller_id <= (SELECT max(seller_id) FROM given)
    WHERE given.seller_id NOT IN (SELECT seller_id FROM born)
        AND c.company_id IS DISTINCT FROM given.company_id
    ON CONFLICT DO NOTHING RETURNING seller_id
), closed AS (
    UPDATE create_attempt SET state = %(closed_as)s, closed_at = clock_timestamp()
    WHERE id = %(attempt)s AND state = 's' AND %(complete)s::boolean
), seen AS (
    UPDATE crm_watermark
    SET company_id = greatest(company_id, (SELECT max(company_id::bigint) FROM given))
), accepted AS (
    DELETE FROM rejection WHERE seller_id IN (SELECT seller_id FROM linked)
)
SELECT (SELECT count(*) FROM born), (SELECT count(*) FROM second)
"""

NO_DUPLICATES = """
DELETE FROM company_duplicate d USING companies c
WHERE d.seller_id = ANY(%(sellers)s) AND c.seller_id = d.seller_id AND c.company_id = d.company_id
"""

# The attempt did not happen, provably: its sellers are free for the next one.
RELEASE = """
WITH closed AS (
    UPDATE create_attempt SET state = %(closed_as)s, closed_at = clock_timestamp()
    WHERE id = %(attempt)s AND state IN ('p', 's')
        AND (%(sent_at)s::timestamptz IS NULL OR sent_at = %(sent_at)s) RETURNING id
)
UPDATE seller_sync SET state = 'a' FROM closed
WHERE attempt_id = closed.id AND state = 'p' AND seller_id <> ALL(%(except)s)
"""

EXPIRE = """
WITH expired AS (
    UPDATE create_attempt SET state = 'e', closed_at = clock_timestamp()
    WHERE state = 'p' AND lease_until < clock_timestamp() RETURNING id
)
UPDATE seller_sync SET state = 'a' FROM expired WHERE attempt_id = expired.id AND state = 'p'
"""

RECALL = """
WITH recalled AS (
    UPDATE create_attempt SET state = 'e', closed_at = clock_timestamp()
    WHERE state = 'p' AND id IN (
        SELECT attempt_id FROM seller_sync WHERE seller_id = ANY(%(sellers)s) AND state = 'p')
    RETURNING id
)
UPDATE seller_sync SET state = 'a' FROM recalled WHERE attempt_id = recalled.id AND state = 'p'
"""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`born`: mappings that came into being; `duplicates`: second companies written down."""

    born: int
    duplicates: int


def claim(
    *,
    attempt: uuid.UUID,
    run_id: int | None,
    prints: Mapping[str, tuple[bytes, bytes | None]],
    as_of: datetime,
    lease: float,
) -> frozenset[str]:
    """Take these sellers for one POST. Only those returned may be sent; the rest is somebody else's.

    `prints`: seller -> fingerprint and source digest. Nobody is returned, and no attempt is
    written, while a scan proves absence. `lease`: seconds.
    """
    arguments = {
        "attempt": attempt,
        "run": run_id,
        "sellers": Texts(prints),
        "fingerprints": Blobs(fingerprint for fingerprint, _ in prints.values()),
        "sources": Blobs(source for _, source in prints.values()),
        "as_of": as_of,
        "lease": lease,
        "scan": ABSENCE_SCAN,
    }
    return frozenset(row[0] for row in statements.fetch_bound(CLAIM, arguments))


def mark_sent(*, attempt: uuid.UUID, marked: datetime | None) -> datetime | None:
    """Write down, durably, that the POST leaves now. None: the reaper was first, nothing may be sent.

    `marked`: what the previous mark of this attempt returned, where nothing was sent after it.
    """
    rows = statements.fetch(MARK_SENT, {"attempt": attempt, "marked": marked})
    return rows[0][0] if rows else None


def confirm(
    *, attempt: uuid.UUID, companies: Mapping[str, int], complete: bool, how: str, closed_as: str
) -> Confirmed:
    """amoCRM named these companies (seller -> company) for the attempt. Idempotent.

    `complete`: nobody of the attempt is missing any more. A company that comes too late, for a
    seller that has another one by now, is written down as a duplicate.
    """
    arguments = {
        "attempt": attempt,
        "sellers": Texts(companies),
        "companies": Texts(str(company) for company in companies.values()),
        "complete": complete,
        "how": how,
        "closed_as": closed_as,
    }
    born, duplicates = statements.persist(CONFIRM, arguments)[0]
    if duplicates:
        # A try whose connection was lost may have committed behind the second try's snapshot.
        duplicates -= forget_duplicates(sellers=list(companies))
    return Confirmed(born=born, duplicates=duplicates)


def forget_duplicates(*, sellers: Sequence[str]) -> int:
    """What was taken for a second company of these sellers and is their first. How many."""
    return statements.execute(NO_DUPLICATES, {"sellers": list(sellers)})


def release(
    *,
    attempt: uuid.UUID,
    closed_as: str,
    rejected: Sequence[str] = (),
    sent_at: datetime | None = None,
) -> None:
    """Free the attempt's sellers except those that amoCRM `rejected` (theirs is `reject`).

    `sent_at`: for who judges by reading back; nothing is freed where the owner has marked since.
    """
    arguments = {
        "attempt": attempt,
        "closed_as": closed_as,
        "except": list(rejected),
        "sent_at": sent_at,
    }
    statements.execute(RELEASE, arguments)


def expire_prepared() -> int:
    """The reaper: attempts that were never sent give their sellers back. How many sellers."""
    freed = statements.execute(EXPIRE, {})
    counters.add({CLAIMED_IN_VAIN: freed})
    return freed


def recall(*, sellers: Sequence[str]) -> int:
    """These have companies: what is not sent yet must not be. How many sellers are free again.

    The owner of such an attempt cannot mark it any more.
    """
    return statements.execute(RECALL, {"sellers": list(sellers)})
