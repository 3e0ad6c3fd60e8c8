"""The transitions of a create attempt that whole pushes do not reach."""

import time
import uuid
from datetime import UTC, datetime

import pytest

from companies import attempts
from companies.creating import _Mark
from companies.models import Company, CompanyDuplicate, CreateAttempt, SellerSync
from companies.reconciling import Settled, _absent, _Open
from operations import counters, statements
from tests.crossing import BLOCKED, behind
from tests.database_clock import DatabaseClock
from tests.waiting import wait_until
from tests.world import watermark

pytestmark = pytest.mark.django_db
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
CLAIMED, CONFIRMED = 40_000, 250


@pytest.fixture
def attempt(db: None) -> uuid.UUID:
    """Two sellers claimed for one POST."""
    watermark()
    made = uuid.uuid4()
    assert _claim(made) == {"s1", "s2"}
    return made


def _claim(attempt: uuid.UUID, *, lease: float = 60) -> frozenset[str]:
    prints = {"s1": (b"1", None), "s2": (b"2", None)}
    return attempts.claim(attempt=attempt, run_id=None, prints=prints, as_of=AS_OF, lease=lease)


def _confirm(attempt: uuid.UUID, **companies: int) -> attempts.Confirmed:
    return attempts.confirm(
        attempt=attempt,
        companies=companies,
        complete=len(companies) == 2,
        how=CompanyDuplicate.How.LATE_ANSWER,
        closed_as=CreateAttempt.State.DONE,
    )


def test_seller_is_claimed_by_one_attempt_only(attempt: uuid.UUID) -> None:
    assert not _claim(uuid.uuid4())


def test_expired_attempt_cannot_be_marked_and_frees_its_sellers(attempt: uuid.UUID) -> None:
    CreateAttempt.objects.update(lease_until=AS_OF)
    assert attempts.expire_prepared() == 2
    assert counters.totals() == {attempts.CLAIMED_IN_VAIN: 2}
    assert attempts.mark_sent(attempt=attempt, marked=None) is None
    assert _claim(uuid.uuid4()) == {"s1", "s2"}


def test_sent_attempt_does_not_expire(attempt: uuid.UUID) -> None:
    assert attempts.mark_sent(attempt=attempt, marked=None)
    CreateAttempt.objects.update(lease_until=AS_OF)
    assert attempts.expire_prepared() == 0


def test_only_the_owner_marks_a_second_time(attempt: uuid.UUID) -> None:
    marked = attempts.mark_sent(attempt=attempt, marked=None)
    assert attempts.mark_sent(attempt=attempt, marked=None) is None
    assert attempts.mark_sent(attempt=attempt, marked=marked)


def test_reader_that_has_not_seen_the_second_mark_frees_nobody(attempt: uuid.UUID) -> None:
    first = attempts.mark_sent(attempt=attempt, marked=None)
    attempts.mark_sent(attempt=attempt, marked=first)
    attempts.release(attempt=attempt, closed_as=CreateAttempt.State.RESOLVED, sent_at=first)
    assert not _claim(uuid.uuid4())


def test_confirming_twice_changes_nothing(attempt: uuid.UUID) -> None:
    attempts.mark_sent(attempt=attempt, marked=None)
    assert _confirm(attempt, s1=11, s2=12) == attempts.Confirmed(born=2, duplicates=0)
    assert _confirm(attempt, s1=11, s2=12) == attempts.Confirmed(born=0, duplicates=0)
    assert watermark().company_id == 12


def test_late_answer_for_a_seller_that_is_free_again_is_adopted(attempt: uuid.UUID) -> None:
    attempts.mark_sent(attempt=attempt, marked=None)
    attempts.release(attempt=attempt, closed_as=CreateAttempt.State.RESOLVED)
    SellerSync.objects.filter(pk="s2").update(state=SellerSync.State.REJECTED)
    assert _confirm(attempt, s1=11, s2=12).born == 2
    assert Company.objects.count() == 2


def test_late_answer_for_a_seller_with_a_company_is_written_down_as_a_duplicate(
    attempt: uuid.UUID,
) -> None:
    attempts.mark_sent(attempt=attempt, marked=None)
    attempts.release(attempt=attempt, closed_as=CreateAttempt.State.RESOLVED)
    second = uuid.uuid4()
    _claim(second)
    attempts.mark_sent(attempt=second, marked=None)
    _confirm(second, s1=21, s2=22)
    assert _confirm(attempt, s1=11, s2=12).duplicates == 2
    assert set(CompanyDuplicate.objects.values_list("company_id", flat=True)) == {"11", "12"}
    assert set(Company.objects.values_list("company_id", flat=True)) == {"21", "22"}


@pytest.mark.django_db(transaction=True)
def test_gap_counts_from_before_a_mark_that_takes_long(attempt: uuid.UUID) -> None:
    def lock() -> None:
        CreateAttempt.objects.select_for_update().get(pk=attempt)

    def moment_of_waiting() -> float:
        wait_until(lambda: statements.fetch(BLOCKED, {})[0][0] > 0, seconds=30, what="a mark waits")
        return time.monotonic()

    not_after, waited_at = behind(lock, [_Mark(attempt, 60.0), moment_of_waiting])
    assert isinstance(not_after, float)
    assert isinstance(waited_at, float)
    assert not_after < waited_at + 60.0


def test_absence_is_dated_by_the_clock_of_the_database(attempt: uuid.UUID) -> None:
    sent_at = attempts.mark_sent(attempt=attempt, marked=None)
    assert sent_at is not None
    DatabaseClock(AS_OF)
    due = _Open(attempt, watermark=0, absent_reads=0, sent_at=sent_at, sellers=frozenset({"s1"}))
    _absent(due, Settled())
    assert CreateAttempt.objects.get().absent_at == AS_OF


def test_confirmation_does_not_look_through_everybody_who_was_claimed(attempt: uuid.UUID) -> None:
    statements.execute(
        "INSERT INTO seller_sync (seller_id, state, attempt_id)"
        " SELECT 't' || n, 'p', gen_random_uuid() FROM generate_series(10001, 10000 + %(n)s) n",
        {"n": CLAIMED},
    )
    arguments = {
        "attempt": attempt,
        "sellers": [f"t{10_001 + number}" for number in range(CONFIRMED)],
        "companies": [str(number) for number in range(CONFIRMED)],
        "complete": False,
        "how": CompanyDuplicate.How.LATE_ANSWER,
        "closed_as": CreateAttempt.State.DONE,
    }
    plan = statements.fetch_bound(f"EXPLAIN {attempts.CONFIRM}", arguments)
    said = "\n".join(line for (line,) in plan)
    assert "seller_sync_pkey" in said
    assert "sellers_not_linked" not in said
