"""Overlapping claims: they take their locks in one order, and each seller has one owner."""

import threading
import uuid
from collections.abc import Callable, Sequence
from itertools import count
from random import Random

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected

from companies import attempts
from companies.models import Company, CreateAttempt, SellerSync
from tests.crm.threads import at_once
from tests.crossing import behind
from tests.races import variants, writers
from tests.races.schedule import halted
from tests.races.variants import AS_OF, LEASE, PRINT, without
from tests.world import World, watermark

THREADS, ROUNDS, SIZE = 8, 60, 500
AROUND = 1_000  # sellers that the claims of a round are drawn from
STEP = 250  # of them new in each round

IN_THE_ORDER_GIVEN = without(attempts.CLAIM, "ORDER BY given.seller_id\n")
WHOEVER_HAS_THEM = without(attempts.CLAIM, "WHERE s.state IN ('a', 'x')\n")

Claim = Callable[[Sequence[str]], frozenset[str]]


@pytest.fixture
def table(transactional_db: None) -> None:
    watermark()


def _claim(sellers: Sequence[str]) -> frozenset[str]:
    prints = dict.fromkeys(sellers, (PRINT, None))
    return attempts.claim(
        attempt=uuid.uuid4(), run_id=None, prints=prints, as_of=AS_OF, lease=LEASE
    )


def _claim_in_the_order_given(sellers: Sequence[str]) -> frozenset[str]:
    return variants.claim(IN_THE_ORDER_GIVEN, sellers)


# Deadlocks


def _storm(claim: Claim) -> tuple[list[str], set[type]]:
    """Eight threads, sixty claims each, or until there was a deadlock. Sellers, and what went wrong.

    On a slow machine those behind a deadlock run into the timeout of locks before it is found.
    """
    seeds, deadlock, errors = count(), threading.Event(), set[type]()

    def claims() -> list[str]:
        dice, mine = Random(next(seeds)), list[str]()  # noqa: S311 - no secret
        for number in range(ROUNDS):
            if deadlock.is_set():
                break
            near = range(number * STEP, number * STEP + AROUND)
            try:
                mine += claim([f"s{each:06}" for each in dice.sample(near, SIZE)])
            except OperationalError as error:
                errors.add(type(error.__cause__))
                if isinstance(error.__cause__, DeadlockDetected):
                    deadlock.set()
        return mine

    claimed = [seller for mine in at_once(claims, threads=THREADS) for seller in mine]
    return claimed, errors


@pytest.mark.usefixtures("table")
def test_overlapping_claims_never_deadlock_and_each_seller_is_claimed_once() -> None:
    claimed, errors = _storm(_claim)
    assert not errors
    assert CreateAttempt.objects.count() == THREADS * ROUNDS
    assert len(claimed) == len(set(claimed)) == SellerSync.objects.count() > ROUNDS * STEP


@pytest.mark.usefixtures("table")
def test_without_the_order_overlapping_claims_deadlock() -> None:
    """The twin."""
    _, errors = _storm(_claim_in_the_order_given)
    assert DeadlockDetected in errors


def _cross(claim: Claim) -> list[object]:
    """Two claims in opposite orders that meet at the seller in the middle."""
    SellerSync.objects.create(seller_id="middle", state=SellerSync.State.FREE)
    return behind(
        lambda: SellerSync.objects.select_for_update().get(pk="middle"),
        [lambda: claim(["first", "middle", "third"]), lambda: claim(["third", "middle", "first"])],
    )


@pytest.mark.usefixtures("table")
def test_claims_in_opposite_orders_wait_for_one_another() -> None:
    claimed = [sorted(each) for each in _cross(_claim) if isinstance(each, frozenset)]
    assert sorted(claimed) == [[], ["first", "middle", "third"]]


@pytest.mark.usefixtures("table")
def test_without_the_order_claims_in_opposite_orders_deadlock() -> None:
    """The twin."""
    errors = [each for each in _cross(_claim_in_the_order_given) if isinstance(each, Exception)]
    assert [type(error.__cause__) for error in errors] == [DeadlockDetected]


# One owner


def test_of_two_that_found_a_seller_new_one_creates_its_company(world: World) -> None:
    world.prepare_fields()
    export = writers.export_of("s1")
    with halted(lambda halt: writers.create(export, before_a_slot=halt)) as first:
        assert writers.create(export).elsewhere == {"s1"}
    assert first.result().created == {"s1"}
    assert world.audit()["created_items"] == Company.objects.count() == 1


def test_without_the_claim_both_create_a_company(world: World) -> None:
    """The twin: the mapping is read, then the company is created."""
    world.prepare_fields()
    export = writers.export_of("s1")
    with halted(lambda halt: writers.create_unless_mapped(export, before_a_slot=halt)):
        writers.create_unless_mapped(export)
    assert world.audit()["max_companies_per_seller"] == 2
    assert Company.objects.count() == 1


def test_without_the_claims_condition_both_create_a_company(world: World) -> None:
    """The twin: a claim that takes a seller out of another's hands."""
    world.prepare_fields()
    export = writers.export_of("s1")

    def create(halt: Callable[[], object] = writers.at_once) -> int | None:
        return writers.create_by(export, claim=WHOEVER_HAS_THEM, before_a_slot=halt)

    with halted(create) as first:
        second = create()
    assert {first.result(), second} == {each["id"] for each in world.companies("s1")}
    assert world.audit()["max_companies_per_seller"] == 2
