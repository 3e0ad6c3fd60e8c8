"""A lease that ends while its holder is still at it: an attempt's, and a portion's."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from companies import attempts
from companies.creating import AttemptLostError
from companies.models import Company, CompanyDuplicate, CreateAttempt
from operations import portions, runs, statements
from operations.models import Portion, Run
from operations.portions import ADVANCE, Closing, Tally
from tests.crossing import behind
from tests.races import variants, writers
from tests.races.schedule import halted
from tests.races.variants import without
from tests.waiting import wait_until
from tests.world import World, watermark

NO_FENCE = without(
    attempts.MARK_SENT,
    " AND ((state = 'p' AND lease_until > clock_timestamp())\n"
    "                            OR (state = 's' AND sent_at = %(marked)s))",
)
SENT_OR_NOT = without(attempts.EXPIRE, "state = 'p' AND lease_until", instead="lease_until")
WHOEVER_HOLDS_IT = without(ADVANCE, " AND p.holder = %(holder)s")

LEASE = 0.5  # seconds: of the one attempt here whose lease ends by itself


def _reap() -> int:
    """The lease is over, and the reaper comes by."""
    CreateAttempt.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    return attempts.expire_prepared()


# Of an attempt that waits for its slot


def test_owner_whose_lease_ended_before_its_slot_sends_nothing(world: World) -> None:
    world.prepare_fields()
    export = writers.export_of("s1")
    with halted(lambda halt: writers.create(export, before_a_slot=halt)) as late:
        assert _reap() == 1
        assert writers.create(export).created == {"s1"}
    with pytest.raises(AttemptLostError):
        late.result()
    assert world.audit()["created_items"] == Company.objects.count() == 1


def test_without_the_marks_fence_there_are_two_companies(world: World) -> None:
    """The twin: a mark that looks at nothing."""
    world.prepare_fields()
    export = writers.export_of("s1")
    with halted(lambda halt: writers.create_by(export, mark=NO_FENCE, before_a_slot=halt)) as late:
        assert _reap() == 1
        assert writers.create(export).created == {"s1"}
    assert world.audit()["max_companies_per_seller"] == 2
    assert CompanyDuplicate.objects.get().company_id == str(late.result())


# The mark and the reaper at the same row


def _mark_against_reaper(mark: str, expire: str) -> tuple[object, object]:
    """The mark comes within the lease, the reaper after it, and both wait for the row.

    When it was marked, and how many sellers were freed.
    """
    attempt = uuid.uuid4()
    variants.claim(attempts.CLAIM, ["s1"], attempt=attempt)
    until = timezone.now() + timedelta(seconds=LEASE)
    CreateAttempt.objects.update(lease_until=until)

    def reap() -> int:
        wait_until(lambda: timezone.now() > until, seconds=10, what="the end of the lease")
        return statements.execute(expire, {})

    marked, freed = behind(
        lambda: CreateAttempt.objects.select_for_update().get(),
        [lambda: variants.mark_sent(mark, attempt=attempt), reap],
    )
    return marked, freed


@pytest.mark.django_db(transaction=True)
def test_either_the_mark_or_the_reaper_has_the_attempt() -> None:
    watermark()
    marked, freed = _mark_against_reaper(attempts.MARK_SENT, attempts.EXPIRE)
    assert (marked is None) == (freed == 1)
    is_sent = CreateAttempt.objects.get().state == CreateAttempt.State.SENT
    assert is_sent == (marked is not None)


@pytest.mark.django_db(transaction=True)
def test_without_the_state_the_seller_is_free_while_its_company_is_sent() -> None:
    """The twin: neither looks at what the other has done."""
    watermark()
    marked, freed = _mark_against_reaper(NO_FENCE, SENT_OR_NOT)
    assert (marked is not None, freed) == (True, 1)


# Of a portion


@pytest.fixture
def run(db: None) -> Run:
    """A run of one portion."""
    made = Run.objects.create(kind="companies", trigger=Run.Trigger.COMMAND, rows=500)
    runs.plan(run=made, bounds=[(0, 500)])
    return made


def _close(run: Run, holder: uuid.UUID, closing: Closing) -> None:
    portions.advance(
        run_id=run.pk,
        holder=holder,
        closed=[closing],
        held=(),
        most=0,
        lease=variants.LEASE,
        most_unsettled=1,
    )


def _close_whoever_holds_it(run: Run, holder: uuid.UUID, closing: Closing) -> None:
    variants.advance(WHOEVER_HOLDS_IT, run_id=run.pk, holder=holder, closed=[closing], most=0)


def _close_late(close: Callable[[Run, uuid.UUID, Closing], None], run: Run) -> uuid.UUID:
    """The first pump's lease ends, a second one takes over, the first one closes. The second."""
    first, second = uuid.uuid4(), uuid.uuid4()
    [portion] = variants.advance(ADVANCE, run_id=run.pk, holder=first, most=1)
    Portion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert variants.advance(ADVANCE, run_id=run.pk, holder=second, most=1) == [portion]
    close(run, first, Closing(portion, Portion.State.DONE, Tally(queried=500)))
    return second


def _finish(run: Run, holder: uuid.UUID) -> int:
    """The second pump closes what it has written. How many the run says were created."""
    portion = Portion.objects.get().pk
    _close(run, holder, Closing(portion, Portion.State.DONE, Tally(queried=500, created=500)))
    runs.finish(run_id=run.pk, created=0)
    run.refresh_from_db()
    return run.created


def test_pump_that_lost_its_lease_closes_nothing(run: Run) -> None:
    second = _close_late(_close, run)
    assert runs.finish(run_id=run.pk, created=0) is None
    assert _finish(run, second) == 500


def test_without_the_holder_a_run_ends_before_its_work_and_loses_its_counts(run: Run) -> None:
    """The twin: whoever names the portion closes it."""
    second = _close_late(_close_whoever_holds_it, run)
    assert runs.finish(run_id=run.pk, created=0) == Run.State.DONE
    assert _finish(run, second) == 0
