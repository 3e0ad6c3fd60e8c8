"""The walks of tests.organizations.long_walk; their name keeps them out of the suite."""

import os
import random

import pytest
from pytest_django import Settings

from tests.organizations.links.office import Office
from tests.organizations.links.walking import begun
from tests.sharded import on_shards

STEPS = 200  # a walk
WALKS = -(-int(os.environ.get("WALK_STEPS", "0")) // STEPS)
FIRST = int(os.environ.get("WALK_SEED", "1"))


@on_shards
@pytest.mark.parametrize("seed", range(FIRST, FIRST + WALKS))
def test_walk(office: Office, seed: int, settings: Settings) -> None:
    settings.ORGANIZATIONS_COUNTERS = ("recompute", "delta")[seed % 2]
    drawn = random.Random(seed)  # noqa: S311 - repeatable, not secret
    walk = begun(office, banners=5)
    try:
        for _ in range(STEPS):
            walk.step(drawn.randrange)
    except BaseException as error:
        error.add_note("\n".join(walk.calls))
        raise
