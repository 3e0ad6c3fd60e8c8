"""How long until a push goes on after a worker's death, FLUSHALL, and a restart of PostgreSQL?

    python -m benchmarks.recovery --sellers 60000

With the clocks of production. One first load at 7 requests/s in writes of 50; its bulk worker is killed
with all of its processes (the supervisor starts another one, as `make up` would), then Redis is
flushed, then PostgreSQL is restarted. Progress is a company that amoCRM did not have before. "All
of it" is when nothing is left that the dead worker held. The judge of the end is amoCRM's audit.
"""

import argparse
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
import redis

from amonition.demo.service import manage
from amonition.embedded.daemon import ensure_running, stop
from amonition.embedded.postgresql import postgresql
from benchmarks.report import Report
from benchmarks.world import Setup, World, opened

WRITE_SIZE = 50
RATE = 7
HEAD_START = 1_000  # companies, before anything is done
SETTLED_SECONDS = 2.0  # what is on its way when the blow falls arrives within that
MOST_SECONDS = 400.0  # until it is given up
RUN_SECONDS = 1_200.0
AWAY_SECONDS = 5.0  # PostgreSQL
TARGETS = {"worker": 150, "flush": 60, "postgresql": 30}  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """What amoCRM and the run say when all is over."""

    companies: int
    sellers: int
    state: str


class Patient:
    """A push under way, and what is done to it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def created(self) -> int:
        return self._world.amocrm.audit().companies

    def goes_on_after(self, blow: Callable[[], None]) -> float:
        """Seconds from the end of the blow to the next company."""
        blow()
        since = time.monotonic()
        self._wait(lambda: time.monotonic() > since + SETTLED_SECONDS, "what was on its way")
        before = self.created()
        self._wait(lambda: self.created() > before, "progress")
        return time.monotonic() - since

    def kill_worker(self) -> None:
        """`kill -9` of the bulk worker and its pool."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):  # it has ended meanwhile
                if "bulk@%h" in process.cmdline() and self._is_ours(process):
                    os.kill(process.pid, signal.SIGKILL)

    def flush(self) -> None:
        with redis.Redis.from_url(self._world.redis_url) as server:
            server.flushall()

    def restart_postgresql(self) -> None:
        server = postgresql(self._world.place.directory, durable=True)
        stop(server)
        time.sleep(AWAY_SECONDS)
        ensure_running(server)

    def holders(self) -> list[Any]:
        return self.ask("SELECT DISTINCT holder FROM operations_portion WHERE state = 'claimed'")

    def state(self) -> str:
        """The run's."""
        [state] = self.ask("SELECT state FROM operations_run ORDER BY id DESC LIMIT 1")
        return str(state)

    def until_free(self, holders: list[Any]) -> float:
        """Seconds until nobody of these holds a portion any more."""
        since = time.monotonic()
        held = (
            "SELECT 1 FROM operations_portion WHERE state = 'claimed' AND holder = ANY(%s) LIMIT 1"
        )
        self._wait(lambda: not self.ask(held, holders), "the dead worker's portions")
        return time.monotonic() - since

    def ask(self, statement: str, *arguments: object) -> list[Any]:
        with psycopg.connect(self._world.database_url, autocommit=True) as database:
            return [row[0] for row in database.execute(statement, arguments)]

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        self._world.supervisor.wait_until(condition, seconds=MOST_SECONDS, what=what)

    def _is_ours(self, process: psutil.Process) -> bool:
        return process.environ().get("LOCAL_DIR") == str(self._world.place.directory)


def measure(world: World, report: Report) -> tuple[list[tuple[object, ...]], Ended]:
    patient = Patient(world)
    order = (*manage("sync_companies", "--json"),)
    with subprocess.Popen(  # noqa: S603 - our own command
        order, env=dict(world.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as push:
        world.supervisor.wait_until(
            lambda: patient.created() > HEAD_START, seconds=MOST_SECONDS, what="the first companies"
        )
        rows: list[tuple[object, ...]] = []
        flushed = patient.goes_on_after(patient.flush)
        rows.append(("FLUSHALL", f"{flushed:.1f}", "", TARGETS["flush"]))
        report.say(f"flushed: progress after {flushed:.1f} s")
        away = patient.goes_on_after(patient.restart_postgresql)
        rows.append(("PostgreSQL, once it is back", f"{away:.1f}", "", TARGETS["postgresql"]))
        report.say(f"PostgreSQL restarted: progress after {away:.1f} s")
        dead = patient.holders()
        began = time.monotonic()
        killed = patient.goes_on_after(patient.kill_worker)
        report.say(f"worker killed: progress after {killed:.1f} s")
        patient.until_free(dead)
        row = (f"{killed:.1f}", f"{time.monotonic() - began:.1f}", TARGETS["worker"])
        rows.append(("worker, kill -9", *row))
        world.supervisor.wait_until(
            lambda: patient.state() != "writing", seconds=RUN_SECONDS, what="the end of the push"
        )
        push.kill()  # it has ended, or lost its connection with PostgreSQL's restart
    audit = world.amocrm.audit()
    return rows, Ended(companies=audit.companies, sellers=audit.sellers, state=patient.state())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sellers", type=int, default=60_000)
    given = parser.parse_args()
    report = Report("Recovery", write_size=WRITE_SIZE, rate=RATE, **vars(given))
    variables = {"AMOCRM_WRITE_SIZE": str(WRITE_SIZE)}
    with opened(Setup(sellers=given.sellers, rate=RATE, variables=variables)) as world:
        world.amocrm.set(rate_limit=RATE, latency_ms=350)
        rows, ended = measure(world, report)
    report.table(("", "progress after, s", "all of it after, s", "target, s"), rows)
    report.say(f"run {ended.state}: {ended.companies} companies for {ended.sellers} sellers")


if __name__ == "__main__":
    main()
