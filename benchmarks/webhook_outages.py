"""Hooks while the broker, PostgreSQL, or both are stopped: is every one handled, and none twice?

    python -m benchmarks.webhook_outages --broker 60 --database 30 --both 10

Fifty hooks a second, each about a lead of its own that has reached the transfer status; the judge is
Snatcher's own count of transfers and of repeated keys. With both stopped the door answers 503, and
amoCRM's retries (five minutes later on its own clock) bring the hooks again.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
TRANSFER = (7_000_201, 57_000_203)  # pipeline and stage


@dataclass(frozen=True, slots=True)
class Judged:
    """`handled`: transfers that Snatcher has; `repeated`: keys it was sent more than once."""

    sent: int
    handled: int
    repeated: int
    statuses: dict[str, int]
    seconds: float


class Office:
    """What people and judges ask of the emulators."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, service: str, method: str, path: str, body: object = None) -> dict[str, object]:
        url = f"{self._world.place.emulator_url(service)}/_control/{path}"
        answer = self._session.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        found: dict[str, object] = answer.json()
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
            made.append(int(str(self.ask("amocrm", "POST", "leads", body)["id"])))
        return made


def lead_body(lead: int) -> str:
    head = "leads[status][0]"
    pairs = {
        f"{head}[id]": lead,
        f"{head}[status_id]": TRANSFER[1],
        f"{head}[pipeline_id]": TRANSFER[0],
    }
    return urlencode([*pairs.items(), *ACCOUNT.items()])


def outage(
    world: World, door: Door, office: Office, daemons: Sequence[Daemon], *, seconds: float
) -> Judged:
    """Load before, during and after; then wait until nothing waits any more."""
    leads = office.leads(int(PER_SECOND * (BEFORE + seconds + AFTER)))
    before = office.ask("snatcher", "GET", "audit")
    path = world.place.directory / "bodies.json"
    path.write_bytes(orjson.dumps([lead_body(lead) for lead in leads]))
    options = ("--per-second", str(PER_SECOND), "--seconds", str(BEFORE + seconds + AFTER))
    command = (sys.executable, "-m", "benchmarks.hook_load", door.url("lead-status"), str(path))
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, *options], env=dict(world.environ), stdout=subprocess.PIPE, text=True
    ) as load:
        time.sleep(BEFORE)
        for daemon in daemons:
            stop(daemon)
        time.sleep(seconds)
        for daemon in daemons:
            ensure_running(daemon)
        output, _ = load.communicate()
    ended = time.monotonic()
    said = json.loads(output)
    refused = sum(count for status, count in said["statuses"].items() if status != "204")
    if refused:  # amoCRM would bring these again
        _bring_again(world, door, leads)
    _drain(door)
    after = office.ask("snatcher", "GET", "audit")
    return Judged(
        sent=len(leads),
        handled=int(str(after["transfers"])) - int(str(before["transfers"])),
        repeated=int(str(after["repeated"])) - int(str(before["repeated"])),
        statuses=said["statuses"],
        seconds=time.monotonic() - ended,
    )


def _bring_again(world: World, door: Door, leads: Sequence[int]) -> None:
    """All of them, which the emulator does by itself for its own hooks: most are repeats then."""
    path = world.place.directory / "again.json"
    path.write_bytes(orjson.dumps([lead_body(lead) for lead in leads]))
    options = ("--per-second", "100", "--seconds", str(len(leads) / 100))
    command = (sys.executable, "-m", "benchmarks.hook_load", door.url("lead-status"), str(path))
    subprocess.run([*command, *options], env=dict(world.environ), check=True, capture_output=True)  # noqa: S603


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
                found = outage(world, door, office, daemons, seconds=seconds)
                cells = (found.sent, found.handled, found.repeated, found.statuses)
                rows.append((f"{name}, {seconds:.0f} s", *cells, f"{found.seconds:.0f}"))
                report.say(" · ".join(map(str, rows[-1])))
        titles = ("", "hooks", "transfers", "keys sent twice", "answers", "handled after, s")
        report.table(titles, rows)
        door.close()


if __name__ == "__main__":
    main()
