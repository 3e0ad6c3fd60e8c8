"""The pump: claims portions of a run, reads, classifies, packs, sends, and closes them. A minute at a time.

Reading and classifying happen here, sending in threads (`sync.sending`). A portion is closed when
its last write has come back; a pump that dies loses its portions to the others by their leases.
"""

import gc
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.feeds import Feeds
from clients.pacing import Lane
from companies import adopting, creating, exports, fielding, rejections, updating
from companies.adopting import Gate
from companies.classifying import Known, Standing, classify
from companies.exports import PATIENCE_SECONDS, Clocks, Export, Update, WriteContext
from companies.fingerprints import plan_key
from companies.models import Rejection
from companies.rejections import Refused
from crm import connection
from operations import portions, runs, statements
from operations.models import Run
from operations.portions import Claim
from sync import policy, profiles, sources
from sync.confirming import SLOW_SECONDS, Confirmer
from sync.desk import Desk, InHand
from sync.packing import Packer, WriteSize
from sync.profiles import Source
from sync.sending import SENDERS, Result, Senders, Write
from warehouse.interface import SellerRecord, Warehouse

logger = logging.getLogger(__name__)

SLICE_SECONDS = 45  # then a successor goes on; with the last answers below the task's time limit
LAST_START_SECONDS = 3  # after the slice; a slot and an answer still fit in the time limit
CLAIM_PORTIONS = 4  # at once: one claim, one classification, one confirmation for 2,000 sellers
MOST_IN_HAND = 64  # portions whose sellers wait for a request to fill up: memory
ANSWER_WAIT = 0.25  # seconds between two looks at the clock while answers are outstanding
# New objects until the collector looks at them. A write's body has 20,000, none of them in a cycle,
# and with Python's 700 looking through them takes longer than making them (benchmarks/README.md).
COLLECT_AFTER = 50_000


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a pump reads."""

    store: Warehouse
    feeds: Feeds


class Pump:
    """One pump's slice of work on one run."""

    def __init__(self, *, run: Run, sources: Sources, client: AmoCrm) -> None:
        if run.as_of is None:
            raise ValueError(f"run {run.pk} has no snapshot yet")
        self._run = run
        self._as_of = run.as_of
        self._sources = sources
        self._client = client
        self._plan = fielding.current_plan()
        self._plan_key = plan_key(self._plan)
        self._holder = uuid.uuid4()
        self._desk = Desk(recheck=settings.SYNC_PORTION_RECHECK)
        self._size = WriteSize(settings.AMOCRM_WRITE_SIZE)
        self._packer = Packer(self._size)
        self._confirmer = Confirmer()
        self._gate: Gate | None = None
        self._stopped = False

    def work(self, *, seconds: float = SLICE_SECONDS) -> bool:
        """Pump until nothing can be claimed or the slice is over. True: there is more to do."""
        until = time.monotonic() + seconds
        with Senders(
            connect=connection.ready_client,
            send=self._send,
            until=until + LAST_START_SECONDS * settings.CLOCK_SCALE,
        ) as senders:
            while True:
                wants_more = time.monotonic() < until and not self._stopped
                has_room = wants_more and len(self._desk) < MOST_IN_HAND
                claims = self._advance(most=CLAIM_PORTIONS if has_room else 0)
                if claims:
                    self._take(claims)
                self._hand_over(senders, everything=not claims)
                if not claims and not senders.in_flight and not len(self._desk):
                    return not self._stopped and time.monotonic() >= until
                self._collect(senders, down_to=SENDERS if claims else 0)

    def _hand_over(self, senders: Senders, *, everything: bool) -> None:
        """Full writes go out; the last, smaller ones only when nothing can be claimed any more."""
        writes = self._packer.rest() if everything or self._stopped else self._packer.full()
        for write in writes:
            if self._stopped:
                self._desk.fail(write.owners().values(), policy.Decision(), "выгрузка остановлена")
            else:
                senders.submit(write)

    def _collect(self, senders: Senders, *, down_to: int) -> None:
        """Wait until at most `down_to` writes are in flight, or the leases want prolonging."""
        renew = time.monotonic() + settings.SYNC_LEASE / 4
        while senders.in_flight > down_to and time.monotonic() < renew:
            for result in senders.collect(wait=ANSWER_WAIT):
                self._settle(result)
            self._confirmer.note(senders.slow(seconds=SLOW_SECONDS))
            self._confirmer.confirm(at_once=False)

    def _advance(self, *, most: int) -> Sequence[Claim]:
        self._confirmer.confirm(at_once=True)
        closings = self._desk.closings()
        # A pump that ended here would keep what it holds from all others until its leases end.
        turn = statements.outlast(
            lambda: portions.advance(
                run_id=self._run.pk,
                holder=self._holder,
                closed=closings,
                held=self._desk.held,
                most=most,
                lease=settings.SYNC_LEASE,
                most_unsettled=_most_unsettled(),
            )
        )
        self._stopped = self._stopped or not turn.writing
        return turn.claims

    def _take(self, claims: Sequence[Claim]) -> None:
        """Read, enrich and classify; a portion that cannot be read waits or is parked."""
        taken = [self._desk.take(claim) for claim in claims]
        if self._gate is Gate.BUSY:
            self._gate = None  # asked again, once for these portions
        try:
            self._sort(taken)
        except SoftTimeLimitExceeded:
            raise  # the task's end, and nothing about these portions
        except Exception as error:  # noqa: BLE001 - the boundary of these portions
            decision = policy.decide(error)
            self._note(error, decision)
            for portion in taken:
                self._desk.set_back(portion, decision, str(error)[:300])

    def _sort(self, taken: Sequence[InHand]) -> None:
        portions_of: list[InHand] = []
        found: list[Source] = []
        records_of = self._read([portion.claim for portion in taken])
        for portion in taken:
            records = records_of[portion.claim.portion_id]
            found += profiles.enrich(records=records, feeds=self._sources.feeds, key=self._plan_key)
            portions_of += [portion] * len(records)
            portion.tally.queried = len(records)
        known = classify(
            sellers=[source.seller_id for source in found],
            sources=[source.digest for source in found],
            as_of=self._as_of,
            afresh=self._run.created_at if self._run.full else None,
        )
        prepared = [
            (portions_of[position], self._prepare(found[position]), each)
            for position, each in known.items()
        ]
        self._set_defects_aside(prepared)
        for portion, export, each in prepared:
            portion.tally.odd_phones += export.odd_phone
            if export.defect is None:
                self._sort_one(portion, export, each)

    def _prepare(self, source: Source) -> Export:
        return exports.prepare(source.profile(self._as_of), self._plan, source=source.digest)

    def _read(self, claims: Sequence[Claim]) -> dict[int, Sequence[SellerRecord]]:
        """The records of each portion; neighbours, as portions mostly are, in one read."""
        first, last = claims[0].start, claims[-1].stop
        handle, store = self._run.snapshot, self._sources.store
        if last - first != sum(claim.stop - claim.start for claim in claims):
            return {c.portion_id: store.read(handle, start=c.start, stop=c.stop) for c in claims}
        rows = store.read(handle, start=first, stop=last)
        return {c.portion_id: rows[c.start - first : c.stop - first] for c in claims}

    def _set_defects_aside(self, prepared: Sequence[tuple[InHand, Export, Known]]) -> None:
        refused = {}
        for portion, export, _ in prepared:
            if export.defect is not None:
                portion.tally.rejected += 1
                defect = export.defect
                refused[export.seller_id] = Refused(
                    export.fingerprint, defect.code, defect.path, defect.detail
                )
        rejections.reject(what=Rejection.What.PROFILE, refused=refused, run_id=self._run.pk)

    def _sort_one(self, portion: InHand, export: Export, known: Known) -> None:
        update = Update(export, known.company_id or 0, known.fingerprint)
        match known.standing(export.fingerprint):
            case Standing.CHANGED:
                portion.pending += 1
                self._packer.add_changed(portion.claim.portion_id, update)
            case Standing.UNCHANGED:  # mapped to the same from another source: known from now on
                seen = updating.Confirmation(update, None, self._as_of, written=False)
                self._confirmer.add([seen])
            case Standing.NEW:
                self._sort_new(portion, export)
            case Standing.REJECTED_BEFORE:
                portion.tally.rejected += 1
            case Standing.BUSY:
                self._desk.wait_for_seller(portion)
            case Standing.GONE:
                portion.tally.postponed += 1
            case _:
                pass

    def _sort_new(self, portion: InHand, export: Export) -> None:
        if self._gate is None:
            self._gate = adopting.gate(client=self._client, run_id=self._run.pk)
        if self._gate is Gate.OPEN:
            portion.pending += 1
            self._packer.add_new(portion.claim.portion_id, export)
        elif self._gate is Gate.CLOSED:
            portion.tally.postponed += 1
        else:
            self._desk.wait_for(portion, policy.SOON, "идёт проверка перед созданием")

    def _send(self, client: AmoCrm, write: Write) -> Result:
        """Runs in a sender's thread."""
        context = WriteContext(
            client=client,
            run_id=self._run.pk,
            as_of=self._as_of,
            lane=Lane.BULK,
            clocks=Clocks(gap=settings.CREATE_SEND_GAP, lease=settings.CREATE_PREPARED_LEASE),
            patience=PATIENCE_SECONDS * settings.CLOCK_SCALE,
        )
        if write.new:
            new = [export for _, export in write.new]
            return Result(write, creating.create(context=context, exports=new))
        changed = [update for _, update in write.changed]
        outcome, confirmations = updating.update(context=context, updates=changed)
        return Result(write, outcome, tuple(confirmations))

    def _settle(self, result: Result) -> None:
        owners = result.write.owners()
        self._confirmer.answered(result)
        if result.outcome is None:
            error = result.error or RuntimeError("a write came back without an outcome")
            decision = policy.decide(error)
            self._note(error, decision)
            self._desk.fail(owners.values(), decision, str(error)[:300])
            return
        if result.outcome.overloaded:
            self._size.overloaded()
        else:
            self._size.went_well()
        self._desk.settle(owners, result.outcome)

    def _note(self, error: BaseException, decision: policy.Decision | None) -> None:
        """What an error means for this pump and for the run."""
        if decision is None:
            logger.error("push.portion_parked", exc_info=error, extra={"run": self._run.pk})
            return
        self._stopped = self._stopped or decision.stop
        if decision.fatal:
            runs.fail(run_id=self._run.pk, reason=str(error)[:500])


def _most_unsettled() -> int:
    """Looks at a portion that cannot be settled: four settle times and a few more."""
    return 10 + int(4 * settings.CREATE_SETTLE_TIME / settings.SYNC_PORTION_RECHECK)


def pump(*, run_id: int) -> bool:
    """One slice of work on a run. True: a successor should go on."""
    run = Run.objects.get(pk=run_id)
    if run.state != Run.State.WRITING:
        return False
    with (
        _rare_collection(),
        closing(connection.ready_client()) as client,
        sources.feeds() as feeds,
    ):
        pump = Pump(run=run, sources=Sources(sources.warehouse(), feeds), client=client)
        return pump.work(seconds=SLICE_SECONDS * settings.CLOCK_SCALE)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """The garbage collector of this process, less eager for the length of a slice."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
