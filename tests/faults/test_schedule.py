"""Plans are pure: the same seed is the same world, and few seeds have every kind of fault."""

import hashlib
from pathlib import Path

import pytest

from tests.faults.inflict import TABLE
from tests.faults.results import GROUPS
from tests.faults.schedule import DEATHS, FIRST_SERIES, FULL, KINDS, LATER, LATEST, SKEWS, plan
from tests.faults.test_worlds import SELECTION

LONG_RUN = range(1, FIRST_SERIES + 1)
LATER_WORLDS = range(FIRST_SERIES + 1, FIRST_SERIES + 21)
# Of the plans of the long run, whose results are kept; not to be renewed.
DIGEST = "3d9ed45569db7f786132ddce10fc90ed3bb5b5801ad2b5332a61d10d5c763a48"
FEWEST_FAULTS = 1_000  # of the long run


def test_a_seed_is_always_the_same_world() -> None:
    assert [plan(seed) for seed in LONG_RUN] == [plan(seed) for seed in LONG_RUN]
    assert len({plan(seed).faults for seed in LONG_RUN}) == len(LONG_RUN)


def test_every_kind_can_be_inflicted_and_is_counted_once() -> None:
    kinds_ever = (*KINDS, *LATER)
    assert len(kinds_ever) == len(set(kinds_ever))
    assert set(TABLE) == set(kinds_ever)
    grouped = [kind for kinds in GROUPS.values() for kind in kinds]
    assert sorted(grouped) == sorted(kinds_ever)


def test_the_selection_has_faults_of_every_group() -> None:
    kinds = {fault.kind for seed in SELECTION for fault in plan(seed).faults}
    groups = {name: group for name, group in GROUPS.items() if not set(group) <= set(LATER)}
    assert [name for name, group in groups.items() if not kinds.intersection(group)] == []


def test_a_dozen_worlds_have_every_kind() -> None:
    assert {fault.kind for seed in range(1, 13) for fault in plan(seed).faults} == set(KINDS)


def test_the_long_run_has_enough_faults_and_every_kind_often() -> None:
    kinds = [fault.kind for seed in LONG_RUN for fault in plan(seed).faults]
    assert len(kinds) > 1.1 * FEWEST_FAULTS
    assert min(kinds.count(kind) for kind in KINDS) >= 10


def test_the_first_series_stays_as_it_was() -> None:
    plans = "\n".join(repr(plan(seed)) for seed in LONG_RUN)
    assert hashlib.sha256(plans.encode()).hexdigest() == DIGEST
    assert not {fault.kind for seed in LONG_RUN for fault in plan(seed).faults} & set(LATER)


def test_twenty_later_worlds_have_every_later_kind_often() -> None:
    kinds = [fault.kind for seed in LATER_WORLDS for fault in plan(seed).faults]
    assert min(kinds.count(kind) for kind in LATER) >= 5
    assert len(set(kinds) & set(KINDS)) > len(KINDS) / 2


def test_no_world_has_two_wrong_clocks_or_two_faults_of_the_tokens_end() -> None:
    for seed in LATER_WORLDS:
        kinds = {fault.kind for fault in plan(seed).faults}
        assert len(kinds & set(SKEWS)) <= 1
        assert not {"token.revoked", "token.twice"} <= kinds


@pytest.mark.parametrize("seed", [*LONG_RUN, *LATER_WORLDS])
def test_a_world_is_small_and_its_faults_come_in_order(seed: int) -> None:
    world = plan(seed)
    moments = [(fault.push, fault.after) for fault in world.faults]
    assert moments == sorted(moments)
    assert all(0 <= push <= FULL and 0 <= after <= LATEST for push, after in moments)
    assert len({fault.kind for fault in world.faults}) == len(world.faults)


def test_points_are_those_of_the_product() -> None:
    """A renamed failpoint would never be reached, and its fault never hit."""
    root = Path(__file__).resolve().parents[2]
    packages = ("companies", "crm", "operations", "sync", "webhooks")
    sources = "".join(
        file.read_text(encoding="utf-8")
        for package in packages
        for file in (root / package).rglob("*.py")
    )
    assert [point for point in DEATHS if f'failpoints.reach("{point}")' not in sources] == []
