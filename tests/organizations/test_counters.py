"""Plans of a campaign's technical counters, both ways of knowing what is wanted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations import counters
from organizations.counters import CounterPlan

PERMALINKS = st.integers(1, 8)
# Fewer counters than organizations: some share one, as duplicates do.
METRIKA = st.fixed_dictionaries({permalink: st.integers(101, 104) for permalink in range(1, 9)})
OF_BANNERS = st.lists(PERMALINKS, max_size=8)
COUNTERS = st.frozensets(st.integers(101, 110))


@given(current=COUNTERS, wanted=COUNTERS)
def test_a_plan_leads_from_what_is_to_what_is_wanted(
    current: frozenset[int], wanted: frozenset[int]
) -> None:
    plan = counters.plan(current=current, wanted=wanted)
    assert (current | plan.add) - plan.remove == wanted
    assert not plan.add & current
    assert plan.remove <= current
    assert bool(plan) == (current != wanted)


@given(before=OF_BANNERS, after=OF_BANNERS)
@pytest.mark.requirement("R75")
@pytest.mark.requirement("R76")
def test_changed_is_what_some_banner_has_and_none_had(before: list[int], after: list[int]) -> None:
    changed = counters.change(before=before, after=after)
    assert all(permalink in after and permalink not in before for permalink in changed.linked)
    assert all(permalink in before and permalink not in after for permalink in changed.unlinked)
    assert set(before) - changed.unlinked | changed.linked == set(after)


@pytest.mark.requirement("R75")
def test_an_organization_that_another_banner_had_is_not_new() -> None:
    assert not counters.change(before=[1], after=[1, 1]).all


@pytest.mark.requirement("R76")
def test_an_organization_that_another_banner_keeps_is_not_lost() -> None:
    assert not counters.change(before=[1, 1], after=[1]).all


@pytest.mark.requirement("R73")
@pytest.mark.requirement("R80")
@given(current=COUNTERS, after=OF_BANNERS, metrika=METRIKA)
def test_recompute_sets_the_list_that_the_directory_tells(
    current: frozenset[int], after: list[int], metrika: dict[int, int]
) -> None:
    wanted = counters.wanted_by_recompute(after=after, counters=metrika)
    plan = counters.plan(current=current, wanted=wanted)
    assert (current | plan.add) - plan.remove == {metrika[permalink] for permalink in after}


@pytest.mark.requirement("R77")
@pytest.mark.requirement("R81")
@given(steps=st.lists(OF_BANNERS, max_size=6), metrika=METRIKA)
def test_delta_comes_to_the_same_where_nothing_was_missed(
    steps: list[list[int]], metrika: dict[int, int]
) -> None:
    before: list[int] = []
    current: frozenset[int] = frozenset()
    brought: dict[int, int] = {}
    for after in steps:
        changed = counters.change(before=before, after=after)
        asked = {permalink: metrika[permalink] for permalink in changed.all}
        current = counters.wanted_by_delta(
            current=current, changed=changed, counters=asked, brought=brought
        )
        brought = {permalink: metrika[permalink] for permalink in after}
        assert current == counters.wanted_by_recompute(after=after, counters=metrika)
        before = after


@pytest.mark.requirement("R81")
def test_delta_leaves_alone_what_no_organization_of_this_operation_has() -> None:
    changed = counters.change(before=[1], after=[2])
    wanted = counters.wanted_by_delta(
        current={101, 199}, changed=changed, counters={1: 101, 2: 102}, brought={1: 101}
    )
    assert counters.plan(current={101, 199}, wanted=wanted) == CounterPlan(
        add=frozenset({102}), remove=frozenset({101})
    )


@pytest.mark.requirement("R81")
def test_a_counter_stays_while_a_duplicate_brings_it_too() -> None:
    changed = counters.change(before=[1, 2], after=[2])
    wanted = counters.wanted_by_delta(
        current={101}, changed=changed, counters={1: 101}, brought={1: 101, 2: 101}
    )
    assert wanted == {101}
