"""Walks through the model, step by step against the real statements: the rows say what it says.

PostgreSQL's clock is the model's.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from companies import attempts, reconciling, rejections
from companies.classifying import Standing, classify
from companies.models import Company, CompanyDuplicate, CreateAttempt, Rejection, SellerSync
from companies.reconciling import Settled
from operations import leases
from tests.database_clock import DatabaseClock
from tests.races.create_model import CALM, PRODUCTION, Variant, start
from tests.races.create_state import CLAIMABLE, NO_ATTEMPT, NOBODY, OPEN, State
from tests.races.exploring import Explorer
from tests.world import watermark

SELLER = "s1"
FIRST_COMPANY = 100  # of attempt 0; the others' follow
START = datetime(2026, 11, 22, tzinfo=UTC)
TICK = timedelta(seconds=100)
HALF = TICK / 2  # the model's limits lie between two ticks
TOO_EARLY = replace(CALM, settle=1)  # amoCRM still commits: production's answer is to link
MODEL = Variant(crashes=1, tries=4)
WALKS, STEPS = 20, 100
RARE = ("crash", "give up", "tick", "break off", "answer lost")  # else most walks go nowhere
EXPIRE = "reaper: expire_prepared"


def _seconds(ticks: float) -> float:
    return ticks * TICK.total_seconds()


class Replay:
    """What production keeps between two steps: keys, marks, what the reconciler loaded."""

    def __init__(self, model: Variant) -> None:
        self._model = model
        self._ticks = 0
        self._keys = [uuid.uuid4() for _ in range(model.tries)]
        self._marked: dict[int, datetime | None] = {}
        self._due: reconciling._Open | None = None
        self._holder = uuid.uuid4()
        self._clock = DatabaseClock(START)

    def take(self, step: str, before: State, after: State) -> None:
        """The same step in production."""
        who, _, name = step.partition(": ")
        if who.startswith("worker"):
            number = int(who.removeprefix("worker ")) - 1
            self._worker(name, before.workers[number].attempt, before, after)
        elif who == "reconciler":
            self._reconciler(name, before, after)
        elif name == "expire_prepared":
            attempts.expire_prepared()
        elif name == "tick":
            self._ticks += 1
            self._clock.set(START + self._ticks * TICK)

    def _worker(self, name: str, mine: int, before: State, after: State) -> None:
        if name == "classify":
            assert self._standing() is Standing.NEW
        elif name == "claim" and NO_ATTEMPT in before.attempts:
            self._claim(before, after)
        elif name == "mark_sent":
            marked = self._marked.get(mine)
            self._marked[mine] = attempts.mark_sent(attempt=self._keys[mine], marked=marked)
            is_marked = after.attempts[mine].marks == before.attempts[mine].marks + 1
            assert (self._marked[mine] is not None) is is_marked
        elif name == "confirm":
            attempts.confirm(
                attempt=self._keys[mine],
                companies={SELLER: FIRST_COMPANY + mine},
                complete=True,
                how=CompanyDuplicate.How.LATE_ANSWER,
                closed_as=CreateAttempt.State.DONE,
            )
        elif name == "reject":
            refused = {SELLER: rejections.Refused(b"refused", "code", "path", "detail")}
            what = Rejection.What.CREATE
            rejections.reject(what=what, refused=refused, run_id=None, attempt=self._keys[mine])
        elif name == "release":
            attempts.release(attempt=self._keys[mine], closed_as=CreateAttempt.State.EXPIRED)

    def _claim(self, before: State, after: State) -> None:
        mine = before.attempts.index(NO_ATTEMPT)
        is_mine = after.attempts[mine] != NO_ATTEMPT
        claimed = attempts.claim(
            attempt=self._keys[mine] if is_mine else uuid.uuid4(),
            run_id=None,
            prints={SELLER: (b"new", None)},
            as_of=START,
            lease=(self._model.lease * TICK + HALF).total_seconds(),
        )
        assert claimed == ({SELLER} if is_mine else set())

    def _reconciler(self, name: str, before: State, after: State) -> None:
        mine = before.reconciler.attempt
        if name == "crash":
            self._holder = uuid.uuid4()  # another one cannot give the lease back
        elif name == "_due":
            found = {due.attempt: due for due in reconciling._due(_seconds(self._model.settle))}
            names = [
                after.reconciler.attempt
                for step, after in self._model.steps(before)
                if "_due" in step
            ]
            assert found.keys() == {self._keys[number] for number in names}
            self._due = found[self._keys[after.reconciler.attempt]]
            assert self._due.sellers == ({SELLER} if after.reconciler.owes else set())
        elif name == "_by_token" and after.reconciler.at != "found":
            is_taken = leases.acquire(
                name=attempts.ABSENCE_SCAN, holder=self._holder, seconds=HALF.total_seconds()
            )
            assert is_taken is (after.reconciler.at == "scanning")
        elif name == "_by_scan":
            leases.release(name=attempts.ABSENCE_SCAN, holder=self._holder)
        elif name == "confirm":
            assert self._due is not None
            found_companies = {SELLER: [FIRST_COMPANY + mine]} if before.reconciler.owes else {}
            assert reconciling._adopt(self._due, found_companies, Settled()) is None
        elif name in ("_absent", "release"):
            assert self._due is not None
            reconciling._absent(self._due, Settled())

    def compare(self, state: State) -> None:
        """The rows are those of the model."""
        row = SellerSync.objects.filter(seller_id=SELLER).first()
        assert (row.state if row else "") == state.seller
        if state.seller == "p":
            assert row is not None
            assert row.attempt_id == self._keys[state.holder]
        assert (self._standing() is Standing.NEW) is (state.seller in CLAIMABLE)
        companies = list(Company.objects.values_list("company_id", flat=True))
        linked = [] if state.company == NOBODY else [str(FIRST_COMPANY + state.company)]
        assert companies == linked
        assert not CompanyDuplicate.objects.exists()
        for number, key in enumerate(self._keys):
            self._compare_attempt(state, number, CreateAttempt.objects.filter(pk=key).first())

    def _compare_attempt(self, state: State, number: int, row: CreateAttempt | None) -> None:
        attempt = state.attempts[number]
        assert (row.state if row else "") == attempt.row
        if row is None or attempt.row not in OPEN:
            return
        now = START + self._ticks * TICK
        if attempt.row == "p":
            assert (row.lease_until > now) is (attempt.age <= self._model.lease)
            return
        assert row.sent_at is not None
        assert min((now - row.sent_at) // TICK, self._model.settle + 1) == attempt.age
        assert row.absent_reads == attempt.reads

    def _standing(self) -> Standing:
        found = classify(sellers=[SELLER], sources=[None], as_of=START)
        return found[0].standing(b"new") if found else Standing.UNCHANGED


def _walk(seed: int) -> Iterator[tuple[str, State, State]]:
    chance, state = random.Random(seed), start(MODEL)  # noqa: S311 - no secret
    for _ in range(STEPS):
        steps = list(MODEL.steps(state))
        weights = [1 if step.endswith(RARE) else 5 for step, _ in steps]
        step, after = chance.choices(steps, weights)[0]
        if step == EXPIRE:  # the reaper's one statement expires all there are
            while following := dict(MODEL.steps(after)).get(EXPIRE):
                after = following
        yield step, state, after
        state = after


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(WALKS))
def test_rows_are_those_of_the_model_after_every_step(seed: int) -> None:
    watermark()
    replay = Replay(MODEL)
    for step, before, after in _walk(seed):
        replay.take(step, before, after)
        replay.compare(after)


def _is_marked_again(state: State) -> bool:
    """A reader is about to free the seller, whose owner has marked since."""
    reading = state.reconciler
    if reading.at != "absent" or reading.reads + 1 < MODEL.absences:
        return False
    attempt = state.attempts[reading.attempt]
    return attempt.row == "s" and attempt.marks > reading.marks


def _is_claimed_while_scanned(state: State) -> bool:
    return state.workers[0].at == "new" and state.seller == "a" and state.scan_lease > 0


def _is_answered_too_late(state: State) -> bool:
    return state.workers[0].at == "answered" and state.seller == "a"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("variant", "is_reached", "step"),
    [
        (CALM, _is_marked_again, "reconciler: release"),
        (CALM, _is_claimed_while_scanned, "worker 1: claim"),
        (TOO_EARLY, _is_answered_too_late, "worker 1: confirm"),
    ],
    ids=["marked again while judged", "claimed while scanned", "answered too late"],
)
def test_rows_are_those_of_the_model_where_walks_seldom_come(
    variant: Variant, is_reached: Callable[[State], bool], step: str
) -> None:
    watermark()
    replay, before = Replay(variant), start(variant)
    way = Explorer(
        start=before, steps=variant.steps, is_bad=is_reached, is_good=is_reached
    ).explore(first_bad_only=True)
    assert way.trace
    last = dict(variant.steps(way.trace[-1][1]))[step]
    for name, after in [*way.trace, (step, last)]:
        replay.take(name, before, after)
        replay.compare(after)
        before = after


def test_walks_take_every_step_of_production() -> None:
    steps = {step.partition(": ")[2] for seed in range(WALKS) for step, _, _ in _walk(seed)}
    assert steps >= PRODUCTION.keys()
