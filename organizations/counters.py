"""Which technical Metrika counters a campaign should have, by the organizations of its banners.

Two ways to know what is wanted. *Recompute* asks for the counters of all organizations that are
linked now: it forgets nothing and mends itself. *Delta* asks only for what this operation changed.
Removing goes by counters, not by organizations: two duplicates may share one.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CounterPlan:
    """Counters to attach to a campaign and to take away; never the same one in both."""

    add: frozenset[int]
    remove: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclass(frozen=True, slots=True)
class Change:
    """Organizations that a campaign's banners have gained and lost by one operation."""

    linked: frozenset[int]
    unlinked: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        return self.linked | self.unlinked


def plan(*, current: Set[int], wanted: Set[int]) -> CounterPlan:
    """From the technical counters that a campaign has to those that it should have."""
    return CounterPlan(add=frozenset(wanted - current), remove=frozenset(current - wanted))


def change(*, before: Collection[int], after: Collection[int]) -> Change:
    """Both sides: the organization of each of the campaign's banners that has one.

    Linked is what no banner had, unlinked what no banner has any more.
    """
    had, has = frozenset(before), frozenset(after)
    return Change(linked=has - had, unlinked=had - has)


def wanted_by_recompute(*, after: Collection[int], counters: Mapping[int, int]) -> frozenset[int]:
    """`counters`: those of all organizations in `after`, as the Directory tells them."""
    return frozenset(counters[permalink] for permalink in after if permalink in counters)


def wanted_by_delta(
    *,
    current: Set[int],
    changed: Change,
    counters: Mapping[int, int],
    brought: Mapping[int, int],
) -> frozenset[int]:
    """`counters`: those of the changed organizations; `brought`: what each one brought earlier.

    A counter of an unlinked organization stays while one that is still linked brings it too.
    """
    kept = {counter for permalink, counter in brought.items() if permalink not in changed.unlinked}
    gained = {counters[permalink] for permalink in changed.linked if permalink in counters}
    lost = {
        source[permalink]
        for source in (counters, brought)
        for permalink in changed.unlinked
        if permalink in source
    }
    return frozenset((current - (lost - kept)) | gained)
