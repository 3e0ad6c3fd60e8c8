"""Database statements per 500 sellers, over a run of 20 portions, claims of portions included."""

from operations.models import Run
from sync import planning, pumping, snapshots
from tests.statement_counter import counted
from tests.waiting import wait_until
from tests.world import World, offer, seller

PORTIONS = 20
SELLERS = PORTIONS * 500


def _pumped(world: World) -> float:
    """Statements per portion of everything that the pump of a run sends."""
    run = world.begin()
    wait_until(
        lambda: snapshots.take(run=Run.objects.get(pk=run.pk)), seconds=60, what="a snapshot"
    )
    planning.plan(run=Run.objects.get(pk=run.pk))
    with counted() as counter:
        pumping.pump(run_id=run.pk)
    planned = run.portions.count()
    assert run.portions.filter(state="done").count() == planned == PORTIONS
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    return len(counter.statements) / planned


def test_statements_stay_within_the_budget(world: World) -> None:
    world.sellers(SELLERS)
    new = _pumped(world)
    unchanged = _pumped(world)
    world.snapshot(
        [seller(n, name="Другое имя") for n in range(SELLERS)], [offer(n) for n in range(SELLERS)]
    )
    changed = _pumped(world)
    assert new <= 8, new
    assert unchanged <= 2, unchanged
    assert changed <= 2, changed
