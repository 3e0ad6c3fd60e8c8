"""A campaign's technical Metrika counters follow the organizations on its banners.

What they should be is decided in `counters`; here is what a campaign has, and how it is changed.
The user's own counters are never touched. The campaign is locked by the caller.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from django.conf import settings

from ads import shards
from operations import statements
from organizations import counters
from organizations.inquiries import Told

ORGANIZATIONS = """
SELECT DISTINCT l.permalink FROM banners b
JOIN banner_permalinks l ON l.bid = b.bid AND l.permalink_assign_type = 'manual'
WHERE b.cid = %(cid)s AND b.bid <> %(without)s
"""

STANDING = f"""
SELECT 'counter', counter_id, NULL FROM campaign_counters
WHERE cid = %(cid)s AND origin = 'technical'
UNION ALL SELECT 'brought', permalink, counter_id FROM campaign_org_counters WHERE cid = %(cid)s
UNION ALL SELECT 'linked', permalink, NULL FROM ({ORGANIZATIONS}) AS l
"""  # noqa: S608 (no value is part of the text)

# A counter that the user has added already stays the user's.
WRITE = """
WITH gone AS (
    DELETE FROM campaign_counters
    WHERE cid = %(cid)s AND origin = 'technical' AND counter_id = ANY(%(remove)s::bigint[])
), added AS (
    INSERT INTO campaign_counters (cid, counter_id, origin)
    SELECT %(cid)s, counter_id, 'technical' FROM unnest(%(add)s::bigint[]) AS a(counter_id)
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM campaign_org_counters
    WHERE cid = %(cid)s AND permalink <> ALL(%(permalinks)s::bigint[])
)
INSERT INTO campaign_org_counters AS x (cid, permalink, counter_id)
SELECT %(cid)s, permalink, counter_id
FROM unnest(%(permalinks)s::bigint[], %(counters)s::bigint[]) AS b(permalink, counter_id)
ON CONFLICT (cid, permalink) DO UPDATE SET counter_id = excluded.counter_id
WHERE x.counter_id <> excluded.counter_id
"""

NO_BANNER = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a campaign has: technical counters, who brought which, whom its banners are linked to."""

    counters: frozenset[int]
    brought: Mapping[int, int]
    linked: frozenset[int]


def by_delta() -> bool:
    """Whether only what an operation changed is asked for, instead of all that is linked."""
    return bool(settings.ORGANIZATIONS_COUNTERS == "delta")


def organizations_of(*, cid: int, without: int = NO_BANNER) -> frozenset[int]:
    """Those that the campaign's banners are manually linked to, one banner left out."""
    given = {"cid": cid, "without": without}
    rows = statements.fetch(ORGANIZATIONS, given, using=shards.current_alias())
    return frozenset(permalink for (permalink,) in rows)


def needed(*, before: Set[int], after: Set[int]) -> frozenset[int]:
    """Whose counters an operation has to know that leads from these organizations to those."""
    return counters.change(before=before, after=after).all if by_delta() else frozenset(after)


def before(*, cid: int) -> frozenset[int]:
    """What `follow` wants to know of the time before; nothing, where it asks for all anyway."""
    return organizations_of(cid=cid) if by_delta() else frozenset()


def follow(*, cid: int, before: frozenset[int], told: Told) -> None:
    """After the links were written: the counters too, unless the Directory was away."""
    if told.counters is None:
        return
    standing = _standing(cid)
    found = {each: counter for each, counter in told.counters.items() if counter is not None}
    # One that was linked by somebody else since we asked has brought its own.
    known = {p: c for p, c in standing.brought.items() if p not in told.counters} | found
    if by_delta():
        change = counters.change(before=before, after=standing.linked)
        wanted = counters.wanted_by_delta(
            current=standing.counters, changed=change, counters=known, brought=standing.brought
        )
    else:
        wanted = counters.wanted_by_recompute(after=standing.linked, counters=known)
    brought = {each: known[each] for each in standing.linked if each in known}
    plan = counters.plan(current=standing.counters, wanted=wanted)
    if plan or brought != standing.brought:
        _write(cid, plan, brought)


def _standing(cid: int) -> _Standing:
    given = {"cid": cid, "without": NO_BANNER}
    rows = statements.fetch(STANDING, given, using=shards.current_alias())
    return _Standing(
        counters=frozenset(one for kind, one, _ in rows if kind == "counter"),
        brought={one: other for kind, one, other in rows if kind == "brought"},
        linked=frozenset(one for kind, one, _ in rows if kind == "linked"),
    )


def _write(cid: int, plan: counters.CounterPlan, brought: Mapping[int, int]) -> None:
    given = {
        "cid": cid,
        "add": sorted(plan.add),
        "remove": sorted(plan.remove),
        "permalinks": list(brought),
        "counters": list(brought.values()),
    }
    statements.execute(WRITE, given, using=shards.current_alias())
