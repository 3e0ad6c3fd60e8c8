"""The commands of the push, as an operator types them."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.models import Run, Switch
from tests.world import World


def _told(*words: str) -> Any:
    output = StringIO()
    call_command(*words, "--json", stdout=output)
    return json.loads(output.getvalue())


def _exit_code(*words: str) -> object:
    with pytest.raises(SystemExit) as ended:
        call_command(*words, "--json", stdout=StringIO())
    return ended.value.code


def test_dry_run_tells_counts_requests_and_minutes_and_writes_nothing(world: World) -> None:
    world.sellers(700)
    told = _told("sync_companies", "--dry-run")
    assert (told["new"], told["requests"], told["unchanged"]) == (700, 3, 0)
    assert not Run.objects.exists()
    assert world.audit()["companies"] == 0
    world.push()
    assert _told("sync_companies", "--dry-run")["unchanged"] == 700
    assert _told("sync_companies", "--dry-run", "--full")["changed"] == 700
    assert _told("sync_companies", "--dry-run", "--limit", "10")["queried"] == 10


def test_second_push_exits_with_three(world: World) -> None:
    world.begin()
    assert _exit_code("sync_companies") == 3


def test_paused_push_exits_with_three_and_says_why(world: World) -> None:
    Switch.objects.create(key=Switch.Key.PUSH_PAUSED, on=True, reason="работы")
    assert _exit_code("sync_companies") == 3
    assert Run.objects.get().reason == "Выгрузка приостановлена: работы"


def test_empty_snapshot_is_held_and_goes_on_after_approval(world: World) -> None:
    world.sellers(10)
    world.push()
    world.snapshot([], [])
    held = world.push()
    assert (held.state, held.reason) == (Run.State.HELD, "Снепшот пуст")
    assert _told("runs", "list")[0]["state"] == "held"
    assert _told("runs", "approve", str(held.pk), "--up-to", "5")[0]["state"] == "preparing"
    world.carry_on(held)
    assert _told("runs", "show", str(held.pk))[0]["state"] == "done"


def test_snapshot_half_as_large_is_held_and_can_be_discarded(world: World) -> None:
    world.sellers(10)
    world.push()
    world.sellers(4)
    held = world.push()
    assert held.state == Run.State.HELD
    assert _told("runs", "discard", str(held.pk))[0]["state"] == "discarded"
    with pytest.raises(CommandError, match="невозможно"):
        call_command("runs", "approve", str(held.pk))


def test_missing_snapshot_fails_the_run_and_says_where_it_was_sought(world: World) -> None:
    run = world.push()
    assert run.state == Run.State.FAILED
    assert "sellers" in run.reason


def test_unreadable_snapshot_fails_the_run_and_names_the_file(world: World) -> None:
    world.sellers(3)
    broken = world.directory / "offers" / "0.parquet"
    broken.write_bytes(b"no parquet")
    run = world.push()
    assert run.state == Run.State.FAILED
    assert "0.parquet" in run.reason


def test_unknown_run_is_told_with_what_to_do(world: World) -> None:
    with pytest.raises(CommandError, match="runs list"):
        call_command("runs", "show", "4711")
