"""Two starts of one kind at once; an approval against a start."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from operations import runs
from operations.models import Approval, Run
from operations.runs import Order
from tests.crm.threads import at_once
from tests.crossing import behind

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = Order(kind="companies", trigger=Run.Trigger.COMMAND)
SKIPPED = Run.State.SKIPPED


def _start() -> Run:
    return runs.start(order=ORDER)


def _look_and_start() -> Run:
    """As it is often done."""
    if Run.objects.filter(kind=ORDER.kind, state__in=Run.ACTIVE).exists():
        return runs.skip(order=ORDER, reason="Идёт другой запуск")
    return runs.start(order=ORDER)


@contextmanager
def _without_the_index() -> Iterator[None]:
    """The table as it would be without `one_active_run_per_kind`."""
    [guard] = [each for each in Run._meta.constraints if each.name == "one_active_run_per_kind"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Run, guard)
    try:
        yield
    finally:
        Run.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Run, guard)


def _active() -> int:
    return Run.objects.filter(state__in=Run.ACTIVE).count()


@pytest.mark.parametrize("start", [_start, _look_and_start])
def test_of_two_starts_at_once_one_is_skipped(start: Callable[[], Run]) -> None:
    [second] = behind(start, [start])
    assert isinstance(second, Run)
    assert (second.state, _active()) == (SKIPPED, 1)
    assert second.reason == f"Идёт запуск {Run.objects.exclude(state=SKIPPED).get().pk}"


def test_without_the_index_two_runs_are_active_though_both_have_looked() -> None:
    """The twin."""
    with _without_the_index():
        behind(_look_and_start, [_look_and_start])
        assert _active() == 2


def test_many_starts_at_once_are_one_run() -> None:
    states = [run.state for run in at_once(_start, threads=6)]
    assert sorted(states) == sorted([Run.State.PREPARING, *[SKIPPED] * 5])


def test_run_is_not_approved_beside_one_that_starts_at_that_moment() -> None:
    held = _start()
    runs.hold(run=held, reason="Снепшот пуст")
    result = behind(_start, [lambda: runs.approve(run=held, up_to=5, who="anna")])
    assert result == [False]
    held.refresh_from_db()
    assert (held.state, _active()) == (Run.State.HELD, 1)
    assert Approval.objects.get().approved_by == "anna"
