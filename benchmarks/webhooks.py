"""The door under load: acknowledgements, echo, storms, and a person's wish while a push runs.

    python -m benchmarks.webhooks --seconds 60

PostgreSQL, Valkey, web, workers, emulators and the load are on the same machine.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import orjson
import psycopg
import redis

from amonition import processes
from amonition.demo import emulation
from amonition.demo.service import manage
from benchmarks.report import Report
from benchmarks.world import Setup, World, opened

SELLERS = 5_000
BULK_WRITE_SIZE = 10  # companies: a push of 5,000 takes 71 s at 7 writes/s
BULK_HEAD_START = 5.0  # seconds: the snapshot, the plan, the first writes
ACCOUNT = {"account[subdomain]": "emulator", "account[id]": "29000001"}
SINGLE_PER_SECOND = 500  # bodies of one event
PACKED_PER_SECOND = 35  # bodies of 50 events: 1,750 events/s
PACKED = 50
STORM_EVENTS, STORM_SECONDS = 10_000, 10
WARM_UP_SECONDS = 3.0  # each thread of the door opens its connection with its first hook
ACK_TARGET = 20.0  # ms, p99
LAG_TARGET = 30.0  # seconds until the inbox is empty again
WISH_TARGET = 6.0  # seconds from hook to write, p99
DRAIN_SECONDS = 180.0
SPOOL = "amonition:webhooks:spool"
FIELDS = 16  # of a company in a body, as our exports have them


@dataclass(frozen=True, slots=True)
class Loaded:
    """Milliseconds; `drained`: seconds from the end of the load until nothing waited."""

    p50: float
    p99: float
    most: float
    statuses: Mapping[str, int]
    drained: float


def body(companies: Sequence[tuple[int, int | None]]) -> str:
    """A hook about (company, last_modified): some sixty pairs each."""
    pairs: list[tuple[str, str]] = []
    for place, (company, modified) in enumerate(companies):
        head = f"contacts[update][{place}]"
        pairs += [(f"{head}[id]", str(company)), (f"{head}[name]", f"Магазин {company}")]
        if modified is not None:
            pairs += [(f"{head}[date_create]", "1600000000")]
            pairs += [(f"{head}[last_modified]", str(modified))]
        for field in range(FIELDS):
            path = f"{head}[custom_fields][{field}]"
            pairs += [(f"{path}[id]", str(593_000 + field)), (f"{path}[name]", f"Поле {field}")]
            pairs += [(f"{path}[values][0][value]", f"значение {field}")]
        pairs += [(f"{head}[type]", "company")]
    return urlencode(pairs + list(ACCOUNT.items()))


class Door:
    """The world's door and its tables."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = psycopg.connect(world.database_url, autocommit=True)

    def close(self) -> None:
        self._database.close()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._database.execute(sql.encode()).fetchall()

    def url(self, door: str) -> str:
        secret = self._world.environ["WEBHOOK_SECRETS"]
        return f"{self._world.place.web_url}/webhooks/amocrm/{secret}/{door}/"

    def companies(self) -> list[tuple[int, int]]:
        """Company and amoCRM's time of our last write to it."""
        rows = self.ask(
            "SELECT c.company_id::bigint, coalesce(s.crm_updated_at, 0) FROM companies c"
            " JOIN seller_sync s USING (seller_id)"
        )
        return [(company, moment) for company, moment in rows]

    def load(
        self, door: str, bodies: Sequence[str], *, per_second: float, seconds: float
    ) -> Loaded:
        path = self._world.place.directory / "bodies.json"
        path.write_bytes(orjson.dumps(list(bodies)))
        command = (sys.executable, "-m", "benchmarks.hook_load", self.url(door), str(path))
        options = ("--per-second", str(per_second), "--seconds", str(seconds))
        said = json.loads(self._world.carry_out(*command, *options))
        ended = time.monotonic()
        while self.waiting() and time.monotonic() < ended + DRAIN_SECONDS:
            time.sleep(0.2)
        latencies = [1000 * each for each in said["latencies"]]
        cuts = quantiles(latencies, n=100)
        drained = time.monotonic() - ended
        return Loaded(cuts[49], cuts[98], max(latencies), said["statuses"], drained)

    def reconnect(self) -> None:
        """After PostgreSQL was away."""
        self._database.close()
        self._database = psycopg.connect(self._world.database_url, autocommit=True)

    def spooled(self) -> int:
        """Requests that wait in Redis."""
        with redis.Redis.from_url(self._world.redis_url) as server:
            found: Any = server.llen(SPOOL)
        return int(found)

    def waiting(self) -> int:
        """Requests and events that nobody has looked at."""
        [(requests, events)] = self.ask(
            "SELECT (SELECT count(*) FROM webhooks_delivery WHERE state = 'stored'),"
            " (SELECT count(*) FROM webhooks_event WHERE state IN ('waiting', 'working'))"
        )
        return int(requests + events)


def start_web(world: World) -> None:
    """What the other benchmarks do without."""
    world.supervisor.start(processes.web(world.place.port), environ=world.environ)
    url = f"{world.place.web_url}/health/live"
    world.supervisor.wait_until(lambda: emulation.answers(url), seconds=60, what="web")


def echo(door: Door, seconds: float) -> Iterator[tuple[object, ...]]:
    """Our own writes come back: bodies of one, then of fifty."""
    companies = door.companies()
    single = [body([each]) for each in companies]
    packed = [
        body(companies[start : start + PACKED])
        for start in range(0, len(companies) - PACKED, PACKED)
    ]
    for name, bodies, rate in (
        (f"echo, bodies of 1, {SINGLE_PER_SECOND}/s", single, SINGLE_PER_SECOND),
        (f"echo, bodies of {PACKED}, {PACKED_PER_SECOND}/s", packed, PACKED_PER_SECOND),
    ):
        door.load("company-refresh", bodies, per_second=rate, seconds=WARM_UP_SECONDS)
        found = door.load("company-refresh", bodies, per_second=rate, seconds=seconds)
        yield (
            name,
            f"{found.p50:.1f}",
            f"{found.p99:.1f}",
            f"{found.most:.0f}",
            ACK_TARGET,
            dict(found.statuses),
            f"{found.drained:.1f}",
            LAG_TARGET,
        )


def storm(world: World, door: Door) -> tuple[object, ...]:
    """Ten thousand hooks about one company."""
    company, moment = door.companies()[0]
    before = world.amocrm.audit().updates
    bodies = [body([(company, moment + 1 + number // 100)]) for number in range(STORM_EVENTS)]
    rate = STORM_EVENTS / STORM_SECONDS / 10  # ten events a body: amoCRM joins them as well
    joined = [bodies[number] for number in range(0, STORM_EVENTS, 10)]
    door.load("company-refresh", joined, per_second=rate, seconds=STORM_SECONDS)
    return ("writes after a storm about one company", world.amocrm.audit().updates - before, 2)


def wishes(world: World, door: Door, seconds: float) -> tuple[object, ...]:
    """A button a second while a push of everybody saturates the pace."""
    companies = [company for company, _ in door.companies()]
    bodies = [body([(company, None)]) for company in companies[:: max(1, len(companies) // 200)]]
    command = (*manage("sync_companies", "--full"), "--json")
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=dict(world.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as push:
        time.sleep(BULK_HEAD_START)
        door.load("company-refresh", bodies, per_second=1, seconds=seconds)
        was_pushing = push.poll() is None
        push.terminate()
    waits = [
        float(row[0])
        for row in door.ask(
            "SELECT extract(epoch FROM handled_at - received_at) FROM webhooks_event"
            " WHERE by_button AND state = 'done'"
        )
    ]
    cuts = quantiles(waits, n=100)
    name = f"{len(waits)} wishes, bulk until the end: {was_pushing}"
    return (name, f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", f"{max(waits):.1f}", WISH_TARGET)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    report = Report("Webhooks", sellers=SELLERS, **vars(given))
    with opened(Setup(sellers=SELLERS)) as world:
        world.push()
        world.push("--full")
        start_web(world)
        door = Door(world)
        report.table(
            ("echo", "p50, ms", "p99, ms", "max, ms", "target", "answers", "drained, s", "target"),
            list(echo(door, given.seconds)),
        )
        report.table(("storm", "measured", "target"), [storm(world, door)])
        door.close()
    variables = {"AMOCRM_WRITE_SIZE": str(BULK_WRITE_SIZE)}
    with opened(Setup(sellers=SELLERS, rate=7, variables=variables)) as world:
        world.push()
        world.amocrm.set(rate_limit=7, latency_ms=350)
        start_web(world)
        door = Door(world)
        row = wishes(world, door, given.seconds)
        report.table(("under bulk", "p50, s", "p99, s", "max, s", "target"), [row])
        door.close()


if __name__ == "__main__":
    main()
