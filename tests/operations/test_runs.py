"""Starting and steering runs."""

import pytest

from operations import runs
from operations.models import AuditEntry, Portion, Run
from operations.runs import Order

pytestmark = pytest.mark.django_db

ORDER = Order(kind="companies", trigger=Run.Trigger.COMMAND)


def _planned(rows: int = 1_000) -> Run:
    run = runs.start(order=ORDER)
    Run.objects.filter(pk=run.pk).update(rows=rows)
    assert runs.plan(run=run, bounds=[(0, 500), (500, 1_000)])
    return run


def _done(run: Run) -> Run:
    Portion.objects.filter(run=run).update(state=Portion.State.DONE, queried=500, unchanged=500)
    assert runs.finish(run_id=run.pk, created=0) == Run.State.DONE
    run.refresh_from_db()
    return run


def test_second_start_is_skipped_and_says_why() -> None:
    first = runs.start(order=ORDER)
    second = runs.start(order=ORDER)
    assert (second.state, second.reason) == (Run.State.SKIPPED, f"Идёт запуск {first.pk}")


def test_run_with_an_open_portion_does_not_end() -> None:
    assert runs.finish(run_id=_planned().pk, created=0) is None


def test_finishing_twice_ends_a_run_once() -> None:
    run = _done(_planned())
    assert (run.state, run.queried) == (Run.State.DONE, 1_000)
    assert runs.finish(run_id=run.pk, created=0) is None


def test_parked_portion_fails_the_run_with_its_reason() -> None:
    run = _planned()
    Portion.objects.filter(run=run).update(state=Portion.State.PARKED, reason="непонятный ответ")
    assert runs.finish(run_id=run.pk, created=0) == Run.State.FAILED
    run.refresh_from_db()
    assert "непонятный ответ" in run.reason


def test_late_answers_count_as_created_and_not_as_unchanged() -> None:
    run = _planned()
    Portion.objects.filter(run=run).update(state=Portion.State.DONE, queried=500, unchanged=500)
    runs.finish(run_id=run.pk, created=250)
    run.refresh_from_db()
    assert (run.created, run.unchanged) == (250, 750)


def test_guard_compares_with_the_last_whole_run_only() -> None:
    whole = _done(_planned(rows=900))
    partial = runs.start(order=Order(kind="companies", trigger=Run.Trigger.COMMAND, limited_to=5))
    Run.objects.filter(pk=partial.pk).update(rows=5, state=Run.State.DONE)
    assert runs.previous_rows(run=runs.start(order=ORDER)) == whole.rows == 900


def test_held_run_goes_on_after_approval_and_the_journal_knows_who() -> None:
    run = runs.start(order=ORDER)
    runs.hold(run=run, reason="Снепшот пуст")
    assert runs.approve(run=run, up_to=10, who="anna")
    run.refresh_from_db()
    assert run.state == Run.State.PREPARING
    assert AuditEntry.objects.get().who == "anna"


def test_held_run_is_not_approved_while_another_is_active() -> None:
    held = runs.start(order=ORDER)
    runs.hold(run=held, reason="Снепшот пуст")
    runs.start(order=ORDER)
    assert not runs.approve(run=held, up_to=None, who="anna")


def test_later_run_replaces_a_held_one() -> None:
    held = runs.start(order=ORDER)
    runs.hold(run=held, reason="Снепшот пуст")
    later = _planned()
    held.refresh_from_db()
    assert (held.state, held.reason) == (Run.State.DISCARDED, f"Заменён запуском {later.pk}")


def test_only_what_runs_can_be_stopped() -> None:
    run = _planned()
    assert runs.stop(run=run, who="anna")
    assert not runs.stop(run=run, who="anna")
