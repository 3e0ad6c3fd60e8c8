"""What goes wrong in a world, and when: a pure function of its seed.

Every kind stands in `KINDS` or `LATER` once. A world takes some of them in turn, so that consecutive
seeds together have all of them, and draws some more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

FIRST_LOAD, CHANGED, FULL = range(3)  # the pushes that faults may hit
IN_TURN = 9  # kinds that a world takes by its number
DRAWN = (1, 4)  # and so many more by chance
# Results of these worlds are kept, and a seed has to stay the world that it was: what has been thought
# of since (`LATER`) is for the seeds above, which have it in turn and draw the rest from `KINDS`.
FIRST_SERIES = 120
LATER_IN_TURN = 3
DRAWN_WITH_LATER = (6, 9)
LATEST = 3.0  # seconds after a push's start; later it is mostly over

# C0-C9 of docs/reliability.md, and the steps of everything else: the process dies there.
DEATHS_CREATING = (
    "create.claiming",  # C0
    "create.claimed",  # C2
    "create.marking",  # C3
    "create.marked",  # C4
    "create.answered",  # C6, C7
    "create.confirmed",  # C8, C9
)
DEATHS_UPDATING = ("update.answered", "update.confirming", "update.confirmed")
DEATHS_PUSHING = (
    "snapshot.ready",
    "plan.prepared",
    "portions.closing",
    "portions.closed",
    "run.finished",
)
DEATHS_SETTLING = ("reconcile.read", "reconcile.scanning")
DEATHS_RENEWING = ("token.renewed", "token.saved")
DEATHS_HANDLING = (
    "inbox.stored",
    "event.claimed",
    "event.handled",
    "event.closed",
    "note.marked",
    "note.sent",
)
DEATHS_TRANSFERRING = (
    "transfer.opened",
    "transfer.marked",
    "transfer.sent",
    "transfer.settled",
)
DEATHS_FEEDING = ("feed.linked", "feed.sent", "feed.loaded", "feed.cleared")
DEATHS_REFRESHING = ("refresh.written",)

# SIGTERM at a COMMIT, and a process that freezes: kind -> (point, signal).
SIGNALS = {
    "term.create.claiming": ("create.claiming", "TERM"),
    "term.create.marking": ("create.marking", "TERM"),
    "term.create.answered": ("create.answered", "TERM"),
    "term.update.confirming": ("update.confirming", "TERM"),
    "term.portions.closing": ("portions.closing", "TERM"),
    "term.event.handled": ("event.handled", "TERM"),
    "stop.create.claimed": ("create.claimed", "STOP"),
    "stop.create.marked": ("create.marked", "STOP"),
    "stop.create.answered": ("create.answered", "STOP"),
    "stop.update.confirming": ("update.confirming", "STOP"),
    "stop.event.handled": ("event.handled", "STOP"),
}
_CREATES = {"method": "POST", "path": "/api/v4/companies", "whole": True}  # fields lie below
_UPDATES = {"method": "PATCH", "path": "/api/v4/companies", "whole": True}
_READS = {"method": "GET", "path": "/api/v4/companies"}
_DISTORTIONS: Mapping[str, Mapping[str, object]] = {
    "reset_before": {"kind": "reset_before_commit"},
    "reset_halfway": {"kind": "reset_halfway"},
    "reset_after": {"kind": "reset_after_commit"},
    "500_before": {"kind": "status_before_commit", "status": 500},
    "504_before": {"kind": "status_before_commit", "status": 504},
    "504_after": {"kind": "status_after_commit", "status": 504},
    "late_commit": {"kind": "late_commit", "status": 504, "seconds": 1.8},
    "html": {"kind": "html_200"},
    "items_missing": {"kind": "drop_items", "count": 3},
    "items_shuffled": {"kind": "shuffle"},
    "items_extra": {"kind": "extra_items", "count": 2},
    "slow": {"kind": "slow_answer", "seconds": 2.0},
    "trickle": {"kind": "trickle"},
    "no_content": {"kind": "no_content"},
}
# Answers of amoCRM: kind -> the emulator's fault.
ANSWERS: Mapping[str, Mapping[str, object]] = {
    **{f"create.{name}": {**_CREATES, **each} for name, each in _DISTORTIONS.items()},
    **{
        f"update.{name}": {**_UPDATES, **_DISTORTIONS[name]}
        for name in ("reset_before", "reset_halfway", "reset_after", "504_after", "late_commit")
    },
    **{f"update.{name}": {**_UPDATES, **_DISTORTIONS[name]} for name in ("items_missing", "slow")},
    "read.503": {**_READS, "kind": "status_before_commit", "status": 503},
    "read.reset": {**_READS, "kind": "reset_after_commit"},
    "429.html": {"path": "/api/v4", "kind": "status_before_commit", "status": 429},
    "429.json": {
        "path": "/api/v4",
        "kind": "status_before_commit",
        "status": 429,
        "body": "json",
        "retry_after": 2,
    },
    "401.once": {"path": "/api/v4", "kind": "unauthorized"},
}
# Answers of the services around us: kind -> (service, fault).
AROUND: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "snatcher.reset_after": (
        "snatcher",
        {"method": "POST", "path": "/api/v1/transfers", "kind": "reset_after_commit"},
    ),
    "snatcher.503": (
        "snatcher",
        {"method": "POST", "path": "/api/v1/transfers", "kind": "status_before_commit"},
    ),
    "feeds.put_lost": ("feeds", {"method": "PUT", "kind": "reset_after_commit"}),
    "feeds.lookup_503": ("feeds", {"method": "POST", "kind": "status_before_commit"}),
}
PROCESSES = (
    "kill.child",
    "kill.bulk",
    "kill.desk",
    "kill.beat",
    "kill.web",
    "term.child",
    "term.bulk",
    "stop.child",
)
STORES = ("postgres.restart", "postgres.crash", "postgres.cut", "redis.flush", "redis.restart")
ACCOUNT = (
    "block.flush",  # a flood-block, and a FLUSHALL while it lasts
    "token.expiry",
    "token.answer_lost",
    "clock.forward",
    "field.deleted",
    "company.merged",
    "company.deleted",
)
QUEUE = ("queue.doubled", "queue.stale", "beat.doubled")
RACES = ("race.buttons", "race.feeds")
HOOKS = ("hooks.doubled", "hooks.reordered")  # of the whole world
DATA = ("poison.long", "poison.refused", "poison.nul")  # rows of the snapshot

DEATHS = (
    *DEATHS_CREATING,
    *DEATHS_UPDATING,
    *DEATHS_PUSHING,
    *DEATHS_SETTLING,
    *DEATHS_RENEWING,
    *DEATHS_HANDLING,
    *DEATHS_TRANSFERRING,
    *DEATHS_FEEDING,
    *DEATHS_REFRESHING,
)
OF_THE_WORLD = (*HOOKS, *DATA)  # these have no moment
KINDS = (
    *DEATHS,
    *SIGNALS,
    *ANSWERS,
    *AROUND,
    *PROCESSES,
    *STORES,
    *ACCOUNT,
    *QUEUE,
    *RACES,
    *OF_THE_WORLD,
)


STANDING = 0.9  # seconds that amoCRM stands still; the client waits longer, `clocks.DEADLINE`
# The worker dies while amoCRM has half of its create (C5), or all of it and no answer is out yet.
BODIES: Mapping[str, Mapping[str, object]] = {
    "body.torn": {**_CREATES, "kind": "torn_body", "seconds": STANDING},
    "body.whole": {**_CREATES, "kind": "slow_answer", "seconds": STANDING},
}
SKEWS = ("skew.ahead", "skew.behind", "skew.back")  # of a worker's wall clock
LEAST_SKEW, MOST_SKEW = 120.0, 480.0  # seconds: minutes, as without NTP; beyond every lease
# In this order three in turn never have two clocks, nor two token faults.
LATER = (
    "skew.ahead",
    "body.torn",
    "token.revoked",
    "queue.reordered",
    "skew.behind",
    "body.whole",
    "account.unpaid",
    "skew.back",
    "token.twice",
    "postgres.full",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """`push` and `after`, seconds, say when; `chance` decides what the moment leaves open."""

    kind: str
    push: int
    after: float
    chance: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One world. `rate`: of amoCRM; `lag`: of its lists, seconds; `grace`: see the emulator."""

    seed: int
    sellers: int
    write_size: int
    portion: int
    rate: int
    lag: float
    grace: str
    feeds: int
    transfers: int
    buttons: int
    faults: tuple[Fault, ...] = field(default=())


def plan(seed: int) -> Plan:
    """The world of this seed, always the same."""
    random = Random(f"fault world {seed}")  # noqa: S311 - no secret
    kinds = _kinds(seed, random)
    faults = tuple(sorted((_fault(kind, random) for kind in kinds), key=_moment))
    return Plan(
        seed=seed,
        sellers=random.randrange(150, 400, 10),
        write_size=random.choice((10, 15, 25)),
        portion=random.choice((50, 100)),
        rate=random.choice((15, 20, 30)),
        lag=random.choice((0.0, 0.0, 0.4, 0.9)),
        grace=random.choice(("refresh", "access")),
        feeds=random.randint(1, 3),
        transfers=random.randint(2, 5),
        buttons=random.randint(2, 6),
        faults=faults,
    )


def _kinds(seed: int, random: Random) -> list[str]:
    """No kind twice in a world: what hits is counted by kind."""
    if seed > FIRST_SERIES:
        first = seed * LATER_IN_TURN
        later = [LATER[(first + step) % len(LATER)] for step in range(LATER_IN_TURN)]
        return later + random.sample(KINDS, random.randint(*DRAWN_WITH_LATER))
    order = list(KINDS)
    Random("the order of kinds").shuffle(order)  # noqa: S311 - related ones apart
    start = seed * IN_TURN
    chosen = [order[(start + step) % len(order)] for step in range(IN_TURN)]
    others = [kind for kind in KINDS if kind not in chosen]
    return chosen + random.sample(others, random.randint(*DRAWN))


def _fault(kind: str, random: Random) -> Fault:
    push = random.choice(_pushes(kind))
    after = 0.0 if kind in DEATHS or kind in SIGNALS else round(random.uniform(0, LATEST), 2)
    return Fault(kind, push, after, random.random())


def _pushes(kind: str) -> tuple[int, ...]:
    """Where a kind has something to hit."""
    if kind in LATER:
        return _pushes_later(kind)
    point = SIGNALS.get(kind, (kind, ""))[0]
    if kind in OF_THE_WORLD or point.startswith("create.") or kind in DEATHS_SETTLING:
        return (FIRST_LOAD,)
    if point.startswith("update.") or kind in RACES:
        return (CHANGED, FULL)
    if kind in ("company.merged", "company.deleted", "field.deleted"):
        return (CHANGED,)
    handling = (*DEATHS_HANDLING, *DEATHS_TRANSFERRING, *DEATHS_FEEDING, *DEATHS_REFRESHING)
    if point in handling or kind in AROUND:
        return (CHANGED,)
    return (FIRST_LOAD, CHANGED, FULL)


def _pushes_later(kind: str) -> tuple[int, ...]:
    if kind in BODIES:
        return (FIRST_LOAD,)
    return (CHANGED, FULL) if kind == "skew.back" else (FIRST_LOAD, CHANGED)


def skewed(fault: Fault) -> str:
    """The worker whose clock is meant."""
    return "bulk" if fault.chance < 0.5 else "desk"


def skew(fault: Fault) -> float:
    """By how much, seconds."""
    return round(LEAST_SKEW + (2 * fault.chance % 1) * (MOST_SKEW - LEAST_SKEW))


def _moment(fault: Fault) -> tuple[int, float, str]:
    return fault.push, fault.after, fault.kind
