"""Random edits during random events: whatever happens, the invariants hold. The long ones:

python -m tests.organizations.long_walk --steps 10000
"""

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import strategies as st
from pytest_django import Settings

from tests.organizations.links import office as offices
from tests.organizations.links.office import Office
from tests.organizations.links.walking import begun
from tests.sharded import on_shards

STEPS, WALKS = 30, 10


@on_shards
@pytest.mark.requirement("R5")
@pytest.mark.requirement("R6")
@pytest.mark.requirement("R7")
@pytest.mark.requirement("R11")
@pytest.mark.requirement("R13")
@pytest.mark.requirement("R17")
@pytest.mark.requirement("R48")
@pytest.mark.requirement("R56")
@pytest.mark.requirement("R73")
@pytest.mark.parametrize("way", ["recompute", "delta"])
def test_invariants_hold_whatever_happens(office: Office, way: str, settings: Settings) -> None:
    settings.ORGANIZATIONS_COUNTERS = way
    walk_at_random(office)


def walk_at_random(office: Office) -> None:
    @hypothesis.settings(
        phases=[
            Phase.generate
        ],  # a failing walk is told by its calls; making it short takes minutes
        max_examples=WALKS // 2,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        office.emulated.control.post("reset", {})
        office.emulated.control.settings(token="directory-token")
        walk = begun(offices.made(emulated=office.emulated, directory=office.directory))
        try:
            for _ in range(STEPS):
                walk.step(lambda below: data.draw(st.integers(0, below - 1)))
        finally:
            note("\n".join(walk.calls))

    walk()
