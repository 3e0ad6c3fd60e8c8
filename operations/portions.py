"""Claiming portions and closing them, in one statement: the pump's only bookkeeping.

A claim is a lease. A pump that dies loses its portions when the lease ends, and whoever asks next
gets them; nothing has to notice the death. `SKIP LOCKED` keeps two pumps from waiting for one another.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson

from operations import failpoints, statements
from operations.models import COUNTS

MOST_ATTEMPTS = 8  # leases that ended without a word: a portion that kills its worker is parked


@dataclass(slots=True)
class Tally:
    """The counts of one portion, as operations.models.Counts names them."""

    queried: int = 0
    unchanged: int = 0
    created: int = 0
    updated: int = 0
    rejected: int = 0
    postponed: int = 0
    odd_phones: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A portion that is ours until its lease ends: rows [start, stop) of the snapshot.

    `tally` holds what earlier holders wrote before they let the portion go.
    """

    portion_id: int
    ordinal: int
    start: int
    stop: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Closing:
    """How a portion leaves our hands.

    `state`: done, parked, or open again, then not before `wait` seconds from now. `unsettled`:
    it is open for an outcome that nobody knows yet, which cannot go on for ever.
    """

    portion_id: int
    state: str
    tally: Tally
    reason: str = ""
    wait: float = 0.0
    unsettled: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to one `advance`. `writing`: the run goes on and the push is not paused."""

    writing: bool
    claims: Sequence[Claim] = field(default_factory=tuple)


_SET_COUNTS = ", ".join(f"{name} = c.{name}" for name in COUNTS)
_COLUMNS = ", ".join(f"{name} integer" for name in COUNTS)
_RETURNED = ", ".join(f"'{name}', taken.{name}" for name in COUNTS)

ADVANCE = f"""
WITH run AS (
    UPDATE operations_run SET heartbeat_at = clock_timestamp() WHERE id = %(run)s
    RETURNING state = 'writing' AND NOT EXISTS (
        SELECT FROM operations_switch WHERE key = 'push_paused' AND "on") AS writing
), closed AS (
    UPDATE operations_portion AS p
    SET state = CASE WHEN c.unsettled AND p.unsettled >= %(most_unsettled)s THEN 'parked'
                     ELSE c.state END,
        unsettled = p.unsettled + c.unsettled::integer, reason = c.reason, holder = NULL, lease_until = NULL,
        attempts = 0, not_before = clock_timestamp() + c.wait * interval '1 second',
        finished_at = CASE WHEN c.state = 'done' THEN clock_timestamp() END, {_SET_COUNTS}
    FROM jsonb_to_recordset(%(closed)s) AS
        c(portion_id bigint, state text, reason text, wait double precision, unsettled boolean,
          {_COLUMNS})
    WHERE p.id = c.portion_id AND p.holder = %(holder)s
), renewed AS (
    UPDATE operations_portion
    SET lease_until = clock_timestamp() + %(lease)s * interval '1 second'
    WHERE holder = %(holder)s AND id = ANY(%(held)s)
), free AS (
    SELECT p.id FROM operations_portion p, run
    WHERE p.run_id = %(run)s AND run.writing AND (
        (p.state = 'open' AND (p.not_before IS NULL OR p.not_before <= clock_timestamp()))
        OR (p.state = 'claimed' AND (p.lease_until < clock_timestamp() OR p.holder = %(holder)s)))
    AND NOT p.id = ANY(%(mine)s)
    ORDER BY p.ordinal LIMIT %(most)s FOR UPDATE OF p SKIP LOCKED
), taken AS (
    UPDATE operations_portion p
    SET state = CASE WHEN p.attempts >= {MOST_ATTEMPTS} THEN 'parked' ELSE 'claimed' END,
        holder = CASE WHEN p.attempts >= {MOST_ATTEMPTS} THEN NULL ELSE %(holder)s::uuid END,
        lease_until = clock_timestamp() + %(lease)s * interval '1 second',
        reason = CASE WHEN p.attempts >= {MOST_ATTEMPTS}
                      THEN 'Рабочий процесс не доживал до конца порции' ELSE '' END,
        attempts = p.attempts + 1
    FROM free WHERE p.id = free.id RETURNING p.*
)
SELECT (SELECT writing FROM run), taken.id, taken.ordinal, taken.start, taken.stop,
       jsonb_build_object({_RETURNED})
FROM (SELECT) AS once LEFT JOIN taken ON taken.state = 'claimed' ORDER BY taken.ordinal
"""  # noqa: S608 - built from names in this file


def advance(
    *,
    run_id: int,
    holder: uuid.UUID,
    closed: Sequence[Closing],
    held: Sequence[int],
    most: int,
    lease: float,
    most_unsettled: int,
) -> Turn:
    """Close what is finished, prolong what is `held`, claim up to `most` further portions.

    One statement, which may be said again when its answer was lost: what it had claimed for us, and
    we do not know of, is claimed once more. What another pump took over after our lease ended is
    left alone: the holder decides. `lease`: seconds. `most_unsettled`: a portion that comes back
    more often with an unknown outcome is parked for a person.
    """
    rows = [_record(closing) for closing in closed]
    arguments = {
        "run": run_id,
        "holder": holder,
        "closed": orjson.dumps(rows).decode(),
        "held": list(held),
        "mine": [*held, *(closing.portion_id for closing in closed)],
        "most": most,
        "lease": lease,
        "most_unsettled": most_unsettled,
    }
    if rows:
        failpoints.reach("portions.closing")
    answer = statements.fetch(ADVANCE, arguments)
    if rows:
        failpoints.reach("portions.closed")
    claims = [
        Claim(
            portion_id=row[1],
            ordinal=row[2],
            start=row[3],
            stop=row[4],
            tally=Tally(**orjson.loads(row[5])),
        )
        for row in answer
        if row[1] is not None
    ]
    return Turn(writing=bool(answer and answer[0][0]), claims=claims)


def _record(closing: Closing) -> dict[str, object]:
    record: dict[str, object] = asdict(closing)
    del record["tally"]
    return record | asdict(closing.tally)
