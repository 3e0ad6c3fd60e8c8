"""Creating companies, each at most once: claim, slot, durable mark, one POST, confirm.

amoCRM knows no idempotency key and no upsert. So a lost answer is never followed by a second POST:
the attempt stays `sent` and the reconciler reads amoCRM back (docs/reliability.md, "Creating").
"""

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import datetime

from clients.amocrm.writing import CompanyDraft, WriteResult
from clients.errors import (
    FieldError,
    ServiceError,
    TooLargeError,
    UnknownOutcomeError,
    ValidationError,
)
from clients.pacing import PacingError
from companies import attempts, fielding, refusals, rejections
from companies.exports import Export, Outcome, WriteContext
from companies.fields import ATTEMPT
from companies.models import CompanyDuplicate, CreateAttempt, Rejection
from companies.rejections import TOO_LARGE
from operations import counters, failpoints

logger = logging.getLogger(__name__)

UNKNOWN = "creates_unknown"  # a counter: POSTs that left sellers without an outcome
MOST_ROUNDS = 6  # POSTs for one write: each round a 400 named somebody, or a field was brought back


class AttemptLostError(Exception):
    """The reaper took the attempt before it was sent: nothing was sent and nothing will be."""


class _Mark:
    """The durable sent-mark of one attempt, taken between the rate slot and the first byte."""

    def __init__(self, attempt: uuid.UUID, gap: float) -> None:
        self._attempt = attempt
        self._gap = gap
        self._marked: datetime | None = None

    def __call__(self) -> float:
        """The monotonic instant after which the first byte may not leave any more.

        It counts from before the statement: a commit that takes long ages the mark, too.
        """
        not_after = time.monotonic() + self._gap
        failpoints.reach("create.marking")
        self._marked = attempts.mark_sent(attempt=self._attempt, marked=self._marked)
        failpoints.reach("create.marked")
        if self._marked is None:
            raise AttemptLostError(self._attempt)
        return not_after


def create(*, context: WriteContext, exports: Sequence[Export]) -> Outcome:
    """Create companies for sellers that have none; one POST unless amoCRM refuses some of them.

    Raises ServiceError and PacingError where nothing was executed; the sellers are free again then.
    """
    outcome = Outcome()
    left = list(exports)
    for _ in range(MOST_ROUNDS):
        left = _round(context, left, outcome)
        if not left:
            return outcome
    outcome.elsewhere.update(export.seller_id for export in left)  # free: a later pass tries again
    logger.warning("create.rounds_used_up", extra={"run": context.run_id, "left": len(left)})
    return outcome


def _round(context: WriteContext, exports: Sequence[Export], outcome: Outcome) -> list[Export]:
    """One attempt. Returns who is to be sent again at once."""
    attempt = uuid.uuid4()
    failpoints.reach("create.claiming")
    claimed = attempts.claim(
        attempt=attempt,
        run_id=context.run_id,
        prints={export.seller_id: (export.fingerprint, export.source) for export in exports},
        as_of=context.as_of,
        lease=context.clocks.lease,
    )
    failpoints.reach("create.claimed")
    mine = [export for export in exports if export.seller_id in claimed]
    outcome.elsewhere.update(e.seller_id for e in exports if e.seller_id not in claimed)
    if not mine:
        return []
    try:
        result = context.client.companies.create(
            _drafts(mine, attempt),
            lane=context.lane,
            patience=context.patience,
            before_first_byte=_Mark(attempt, context.clocks.gap),
        )
    except UnknownOutcomeError as error:
        logger.warning("create.outcome_unknown", extra={"attempt": attempt, "error": str(error)})
        counters.add({UNKNOWN: 1})
        outcome.unknown.update(export.seller_id for export in mine)
        outcome.overloaded = outcome.overloaded or error.overloaded
        return []
    except ValidationError as error:
        return _refused(context, attempt, mine, error, outcome)
    except TooLargeError:
        attempts.release(attempt=attempt, closed_as=CreateAttempt.State.EXPIRED)
        return _in_halves(context, mine, outcome)
    except (ServiceError, PacingError):
        attempts.release(attempt=attempt, closed_as=CreateAttempt.State.EXPIRED)
        raise
    failpoints.reach("create.answered")
    _confirm(attempt, mine, result, outcome)
    failpoints.reach("create.confirmed")
    return []


def _drafts(exports: Sequence[Export], attempt: uuid.UUID) -> list[CompanyDraft]:
    """Bodies with the attempt's token in them: the marker by which a lost answer is found again."""
    token = {"field_code": ATTEMPT, "values": [{"value": attempt.hex}]}
    return [
        CompanyDraft(
            request_id=str(position),
            body={"name": export.name, "custom_fields_values": [*export.values, token]},
        )
        for position, export in enumerate(exports)
    ]


def _confirm(
    attempt: uuid.UUID, mine: Sequence[Export], result: WriteResult, outcome: Outcome
) -> None:
    """Link what the answer names; whom it does not name stays unknown."""
    companies = {
        mine[int(request_id)].seller_id: written.company_id
        for request_id, written in result.written.items()
    }
    confirmed = attempts.confirm(
        attempt=attempt,
        companies=companies,
        complete=not result.missing,
        how=CompanyDuplicate.How.LATE_ANSWER,
        closed_as=CreateAttempt.State.DONE,
    )
    if confirmed.duplicates:
        logger.error("create.duplicates", extra={"attempt": attempt, "n": confirmed.duplicates})
    if result.missing:
        counters.add({UNKNOWN: 1})
    outcome.created.update(companies)
    outcome.unknown.update(mine[int(request_id)].seller_id for request_id in result.missing)


def _in_halves(context: WriteContext, mine: Sequence[Export], outcome: Outcome) -> list[Export]:
    """A 413 wrote nothing. A single company that is too large is amoCRM's refusal of that one."""
    outcome.overloaded = True
    half = len(mine) // 2
    if not half:
        _reject(context, None, {mine[0]: TOO_LARGE}, outcome)
        return []
    for part in (mine[:half], mine[half:]):
        outcome.add(create(context=context, exports=part))
    return []


def _refused(
    context: WriteContext,
    attempt: uuid.UUID,
    mine: Sequence[Export],
    error: ValidationError,
    outcome: Outcome,
) -> list[Export]:
    """A 400 wrote nothing: refuse whom it names, free the rest. Who is to be sent again."""
    refusal = refusals.read(error, [export.values for export in mine])
    if refusal.drifted:
        attempts.release(attempt=attempt, closed_as=CreateAttempt.State.EXPIRED)
        fielding.restore(client=context.client)
        return list(mine)
    if not refusal.items:
        # A 400 that names nobody is about the account (rights, subscription), not about a seller.
        attempts.release(attempt=attempt, closed_as=CreateAttempt.State.EXPIRED)
        raise error
    named = {mine[position]: complaint for position, complaint in refusal.items.items()}
    _reject(context, attempt, named, outcome)
    refused = {export.seller_id for export in named}
    attempts.release(attempt=attempt, closed_as=CreateAttempt.State.EXPIRED, rejected=list(refused))
    return [export for export in mine if export.seller_id not in refused]


def _reject(
    context: WriteContext,
    attempt: uuid.UUID | None,
    named: dict[Export, FieldError],
    outcome: Outcome,
) -> None:
    refused = {export.seller_id: rejections.words(export, named[export]) for export in named}
    rejections.reject(
        what=Rejection.What.CREATE, refused=refused, run_id=context.run_id, attempt=attempt
    )
    outcome.rejected.update(refused)
