"""Updating companies: absolute values in a PATCH, which may be repeated; confirmed afterwards, many at once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clients.amocrm.writing import CompanyChange, WriteResult
from clients.errors import FieldError, TooLargeError, UnknownOutcomeError, ValidationError
from companies import fielding, refusals, rejections
from companies.exports import Export, Outcome, Update, WriteContext
from companies.models import Rejection, SellerSync
from companies.rejections import TOO_LARGE
from operations import failpoints, statements
from operations.arrays import Blobs, Texts

logger = logging.getLogger(__name__)

MOST_ROUNDS = 6  # PATCHes for one write: complaints, a field brought back
MOST_LOOKS = 10  # single reads after one write, where amoCRM does not filter by ids

# Conditional on the fingerprint read at classification: where somebody confirmed something else
# meanwhile, nobody knows which write came last, so the seller is sent again with the next run. What
# is there already is confirmed once more, its answer lost.
CERTAIN = "s.fingerprint IS NOT DISTINCT FROM given.known OR s.fingerprint = given.fingerprint"
CONFIRM = f"""
WITH given AS (
    SELECT * FROM unnest(%(sellers)b::text[], %(known)b::bytea[], %(fingerprints)b::bytea[],
                         %(sources)b::bytea[], %(updated_at)s::bigint[], %(as_of)s::timestamptz[],
                         %(written)s::boolean[])
        AS g(seller_id, known, fingerprint, source, updated_at, as_of, written)
), accepted AS (
    DELETE FROM rejection WHERE seller_id = ANY(%(sellers)b::text[])
)
UPDATE seller_sync s
SET fingerprint = CASE WHEN {CERTAIN} THEN given.fingerprint END,
    source = CASE WHEN {CERTAIN} THEN given.source END,
    refused = NULL, as_of = greatest(s.as_of, given.as_of),
    confirmed_at = CASE WHEN given.written THEN clock_timestamp() ELSE s.confirmed_at END,
    crm_updated_at = greatest(s.crm_updated_at, given.updated_at)
FROM given WHERE s.seller_id = given.seller_id AND s.state = 'k'
    AND s.seller_id >= (SELECT min(seller_id) FROM given)  -- see companies/classifying.py
    AND s.seller_id <= (SELECT max(seller_id) FROM given)
RETURNING NULL
"""  # noqa: S608 (no value is part of the text)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """amoCRM has these values. `updated_at`: amoCRM's clock, Unix seconds, where it told.

    `written`: now; False where it had them already, mapped from another source.
    """

    update: Update
    updated_at: int | None
    as_of: datetime
    written: bool = True


def update(
    *, context: WriteContext, updates: Sequence[Update]
) -> tuple[Outcome, list[Confirmation]]:
    """Send the updates; nothing is confirmed here (`confirm` does that for many writes at once).

    Raises ServiceError and PacingError where nothing was executed.
    """
    outcome = Outcome()
    confirmations: list[Confirmation] = []
    left = list(updates)
    for _ in range(MOST_ROUNDS):
        left = _round(context, left, outcome, confirmations)
        if not left:
            return outcome, confirmations
    outcome.unknown.update(item.export.seller_id for item in left)
    return outcome, confirmations


def _round(
    context: WriteContext,
    updates: Sequence[Update],
    outcome: Outcome,
    confirmations: list[Confirmation],
) -> list[Update]:
    """One PATCH. Returns who is to be sent again at once."""
    changes = [
        CompanyChange(
            request_id=str(position),
            company_id=item.company_id,
            body={"name": item.export.name, "custom_fields_values": item.export.values},
        )
        for position, item in enumerate(updates)
    ]
    try:
        result = context.client.companies.update(
            changes, lane=context.lane, patience=context.patience
        )
    except UnknownOutcomeError as error:
        # It may be repeated, but not here: the portion comes again, and a worker's time is bounded.
        outcome.overloaded = outcome.overloaded or error.overloaded
        outcome.unknown.update(item.export.seller_id for item in updates)
        return []
    except TooLargeError:
        return _in_halves(context, updates, outcome, confirmations)
    except ValidationError as error:
        return _refused(context, updates, error, outcome)
    failpoints.reach("update.answered")
    return _settle(context, updates, result, outcome, confirmations)


def _settle(
    context: WriteContext,
    updates: Sequence[Update],
    result: WriteResult,
    outcome: Outcome,
    confirmations: list[Confirmation],
) -> list[Update]:
    for request_id, written in result.written.items():
        item = updates[int(request_id)]
        confirmations.append(Confirmation(item, written.updated_at, context.as_of))
        outcome.updated.add(item.export.seller_id)
    missing = [updates[int(request_id)] for request_id in sorted(result.missing, key=int)]
    _look_for_gone(context, missing, outcome)
    outcome.unknown.update(
        item.export.seller_id for item in missing if item.export.seller_id not in outcome.gone
    )
    return []


def _look_for_gone(context: WriteContext, missing: Sequence[Update], outcome: Outcome) -> None:
    """Absence is proved, never inferred: only a company that amoCRM says is not there is gone."""
    if not missing:
        return
    asked = {item.company_id: item.export.seller_id for item in missing}
    page = context.client.companies.page(lane=context.lane, filters={("id",): list(asked)})
    found = {record.company_id for record in page.records}
    if found <= asked.keys():
        alive = {record.company_id for record in page.records if not record.is_deleted}
        gone = asked.keys() - alive
    else:  # the account ignores filters
        gone = {one for one in list(asked)[:MOST_LOOKS] if _is_gone(context, one)}
    sellers = [asked[company_id] for company_id in gone]
    mark_gone(sellers=sellers)
    outcome.gone.update(sellers)


def _is_gone(context: WriteContext, company_id: int) -> bool:
    record = context.client.companies.get(company_id, lane=context.lane)
    return record is None or record.is_deleted


def _in_halves(
    context: WriteContext,
    updates: Sequence[Update],
    outcome: Outcome,
    confirmations: list[Confirmation],
) -> list[Update]:
    outcome.overloaded = True
    half = len(updates) // 2
    if not half:
        _reject(context, {updates[0].export: TOO_LARGE}, outcome)
        return []
    for part in (updates[:half], updates[half:]):
        done, confirmed = update(context=context, updates=part)
        outcome.add(done)
        confirmations.extend(confirmed)
    return []


def _refused(
    context: WriteContext, updates: Sequence[Update], error: ValidationError, outcome: Outcome
) -> list[Update]:
    """A 400 wrote nothing: refuse whom it names. Who is to be sent again."""
    refusal = refusals.read(error, [item.export.values for item in updates])
    if refusal.drifted:
        fielding.restore(client=context.client)
        return list(updates)
    if not refusal.items and not refusal.gone:
        raise error  # about the account, not about a seller
    _look_for_gone(context, [updates[position] for position in sorted(refusal.gone)], outcome)
    complaints = {updates[at].export: complaint for at, complaint in refusal.items.items()}
    _reject(context, complaints, outcome)
    named = refusal.items.keys() | refusal.gone
    return [item for position, item in enumerate(updates) if position not in named]


def _reject(
    context: WriteContext, complaints: Mapping[Export, FieldError], outcome: Outcome
) -> None:
    refused = {one.seller_id: rejections.words(one, words) for one, words in complaints.items()}
    rejections.reject(what=Rejection.What.UPDATE, refused=refused, run_id=context.run_id)
    outcome.rejected.update(refused)


def confirm(*, confirmations: Sequence[Confirmation]) -> None:
    """Save the fingerprints of what amoCRM has taken; one statement for any number."""
    if not confirmations:
        return
    ordered = sorted(confirmations, key=lambda c: c.update.export.seller_id)
    arguments = {
        "sellers": Texts(c.update.export.seller_id for c in ordered),
        "known": Blobs(c.update.known for c in ordered),
        "fingerprints": Blobs(c.update.export.fingerprint for c in ordered),
        "sources": Blobs(c.update.export.source for c in ordered),
        "written": [c.written for c in ordered],
        "updated_at": [c.updated_at for c in ordered],
        "as_of": [c.as_of for c in ordered],
    }
    failpoints.reach("update.confirming")
    statements.persist(CONFIRM, arguments)
    failpoints.reach("update.confirmed")


def mark_gone(*, sellers: Sequence[str]) -> None:
    """The companies were deleted in amoCRM. The mapping stays; an operator decides what follows."""
    if not sellers:
        return
    SellerSync.objects.filter(seller_id__in=sellers, state=SellerSync.State.LINKED).update(
        state=SellerSync.State.GONE
    )
    logger.warning("companies.gone", extra={"sellers": len(sellers)})
