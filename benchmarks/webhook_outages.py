"""Hooks while the broker, PostgreSQL, or both are stopped: is every one handled, and none twice?

    python -m benchmarks.webhook_outages --broker 60 --database 30 --both 10

Fifty hooks a second, each about a lead of its own that has reached the transfer status; the judge is
Snatcher's own count of transfers and of repeated keys. With both stopped the door answers 503; there
the emulated amoCRM itself sends, and its retries, minutes later on its own clock, bring the hooks again.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import requests

from amonition.embedded.daemon import Daemon, ensure_running, stop
from amonition.embedded.postgresql import postgresql
from amonition.embedded.valkey import valkey
from benchmarks.report import Report
from benchmarks.webhooks import ACCOUNT, Door, start_web
from benchmarks.world import Setup, World, opened

PER_SECOND = 50
BEFORE, AFTER = 5.0, 10.0  # seconds of load around an outage
DRAIN_SECONDS = 900.0
RETRY_MINUTES = (5, 15, 15, 60)
_PACE = {"per_second": PER_SECOND, "items_per_body": 1}
TRANSFER = (7_000_201, 57_000_203)  # pipeline and stage


@dataclass(frozen=True, slots=True)
class Judged:
    """`handled`: transfers that Snatcher has; `repeated`: keys it was sent more than once."""

    sent: int
    handled: int
    repeated: int
    answers: dict[str, int]
    seconds: float


class Office:
    """What people and judges ask of the emulators."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, service: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = f"{self._world.place.emulator_url(service)}/_control/{path}"
        answer = self._session.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def leads(self, count: int) -> list[int]:
        """Leads in the transfer status, each with a profile and a phone."""
        made = []
        for number in range(count):
            body = {
                "pipeline_id": TRANSFER[0],
                "status_id": TRANSFER[1],
                "fields": {
                    "Ссылка на профиль": f"https://www.avito.ru/user/{number}",
                    "Телефон для выгрузки": f"+7912{number:07}",
                },
            }
            made.append(int(self.ask("amocrm", "POST", "leads", body)["id"]))
        return made


def lead_body(lead: int) -> str:
    head = "leads[status][0]"
    pairs = {
        f"{head}[id]": lead,
        f"{head}[status_id]": TRANSFER[1],
        f"{head}[pipeline_id]": TRANSFER[0],
    }
    return urlencode([*pairs.items(), *ACCOUNT.items()])


class Load:
    """A program that sends on schedule, and never again."""

    def __init__(self, world: World, door: Door, leads: Sequence[int], seconds: float) -> None:
        path = world.place.directory / "bodies.json"
        path.write_bytes(orjson.dumps([lead_body(lead) for lead in leads]))
        options = ("--per-second", str(PER_SECOND), "--seconds", str(seconds))
        url = door.url("lead-status")
        command = (sys.executable, "-m", "benchmarks.hook_load", url, str(path), *options)
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=dict(world.environ), stdout=subprocess.PIPE, text=True
        )

    def ended(self) -> dict[str, int]:
        """How often each status was answered."""
        output, _ = self._process.communicate()
        found: dict[str, int] = json.loads(output)["statuses"]
        return found


class AmoCrmHooks:
    """The emulated amoCRM: within two seconds a 2xx, or it tries again in 5, 15, 15, 60 minutes."""

    def __init__(self, office: Office, door: Door, leads: Sequence[int]) -> None:
        self._office, self._url = office, door.url("lead-status")
        order = {"url": self._url, "event": "status_lead", "ids": list(leads)}
        office.ask("amocrm", "POST", "hooks/send", order | _PACE | {"times": len(leads)})

    def ended(self) -> dict[str, int]:
        """What became of the hooks, after as many retries as it takes."""
        said = self._tried()
        first = dict(said)
        for minutes in RETRY_MINUTES:
            if not said["retries_waiting"]:
                break
            self._office.ask("amocrm", "POST", "clock", {"advance": minutes * 60})
            said = self._tried()
        kinds = ("delivered", "retried", "given_up")
        return {"first undelivered": first["retries_waiting"]} | {
            kind: said[kind] for kind in kinds
        }

    def _tried(self) -> dict[str, int]:
        """The counts once nothing waits but retries."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            said: dict[str, Any] = self._office.ask("amocrm", "GET", "hooks")
            if said["pending"] == said["retries_waiting"]:
                return said
            time.sleep(0.2)
        raise SystemExit("amoCRM is still sending hooks")


def outage(
    world: World,
    door: Door,
    office: Office,
    daemons: Sequence[Daemon],
    *,
    seconds: float,
    by_amocrm: bool,
) -> Judged:
    """Load before, during and after; then wait until nothing waits any more."""
    whole = BEFORE + seconds + AFTER
    leads = office.leads(int(PER_SECOND * whole))
    before = office.ask("snatcher", "GET", "audit")
    load = AmoCrmHooks(office, door, leads) if by_amocrm else Load(world, door, leads, whole)
    time.sleep(BEFORE)
    for daemon in daemons:
        stop(daemon)
    time.sleep(seconds)
    for daemon in daemons:
        ensure_running(daemon)
    time.sleep(AFTER)
    answers = load.ended()
    ended = time.monotonic()
    _drain(door)
    after = office.ask("snatcher", "GET", "audit")
    return Judged(
        sent=len(leads),
        handled=after["transfers"] - before["transfers"],
        repeated=after["repeated"] - before["repeated"],
        answers=answers,
        seconds=time.monotonic() - ended,
    )


def _drain(door: Door) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        door.reconnect()
        if not door.waiting() and not door.spooled():
            return
        time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--broker", type=float, default=60, help="seconds without it; 0: not at all"
    )
    parser.add_argument("--database", type=float, default=30)
    parser.add_argument("--both", type=float, default=10)
    given = parser.parse_args()
    report = Report("Webhook outages", per_second=PER_SECOND, **vars(given))
    variables = {"TRANSFERS_PER_HOUR": "100000"}
    with opened(Setup(sellers=100, variables=variables)) as world:
        start_web(world)
        broker, database = (
            server(world.place.directory, durable=True) for server in (valkey, postgresql)
        )
        door, office = Door(world), Office(world)
        rows = []
        for name, daemons, seconds in (
            ("broker stopped", [broker], given.broker),
            ("PostgreSQL stopped", [database], given.database),
            ("both stopped", [broker, database], given.both),
        ):
            if seconds:
                by_amocrm = len(daemons) > 1
                found = outage(world, door, office, daemons, seconds=seconds, by_amocrm=by_amocrm)
                cells = (found.sent, found.handled, found.repeated, found.answers)
                rows.append((f"{name}, {seconds:.0f} s", *cells, f"{found.seconds:.0f}"))
                report.say(" · ".join(map(str, rows[-1])))
        titles = ("", "hooks", "transfers", "keys sent twice", "answers", "handled after, s")
        report.table(titles, rows)
        door.close()


if __name__ == "__main__":
    main()
