"""Counters: adding, and adding at the same time."""

import pytest
from django.db import OperationalError

from operations import counters
from operations.models import Counter
from tests.crm.threads import at_once
from tests.crossing import behind


@pytest.mark.django_db
def test_counts_begin_at_nought_and_add_up() -> None:
    counters.add({"a": 1, "b": 2})
    counters.add({"b": 3, "c": 2**40})
    assert counters.totals() == {"a": 1, "b": 5, "c": 2**40}


@pytest.mark.django_db
def test_all_counts_of_a_piece_of_work_are_one_statement(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator] # the fixture's type is private
        counters.add({f"n{number}": number for number in range(50)})


@pytest.mark.django_db
@pytest.mark.parametrize("counts", [{}, {"a": 0}])
def test_nothing_is_no_statement(
    django_assert_num_queries: pytest.FixtureRequest, counts: dict[str, int]
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator] # the fixture's type is private
        counters.add(counts)
    assert counters.totals() == {}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_between_threads() -> None:
    def count() -> None:
        for _ in range(20):
            counters.add({"a": 1, "b": 2})

    at_once(count, threads=4)
    assert counters.totals() == {"a": 80, "b": 160}


def _add_crosswise() -> list[object]:
    """Two add the same counters, each in an order of its own, while a third has the middle one."""
    counters.add({"a": 1, "m": 1, "z": 1})
    return behind(
        lambda: Counter.objects.select_for_update().get(name="m"),
        [
            lambda: counters.add({"a": 1, "m": 1, "z": 1}),
            lambda: counters.add({"z": 1, "m": 1, "a": 1}),
        ],
    )


@pytest.mark.django_db(transaction=True)
def test_two_that_count_the_same_in_another_order_wait_for_each_other() -> None:
    assert _add_crosswise() == [None, None]
    assert counters.totals() == {"a": 3, "m": 3, "z": 3}


@pytest.mark.django_db(transaction=True)
def test_twin_without_an_order_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "ADD", counters.ADD.replace("ORDER BY name", ""))
    assert [type(result) for result in _add_crosswise()].count(OperationalError) == 1
