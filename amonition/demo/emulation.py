"""The emulators as the demonstration sees them: over HTTP, through their control plane."""

import json
import sys
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from amonition.demo.errors import DemoError
from amonition.demo.scene import Scene
from amonition.supervising import Child

SEED = 1  # of the services and of the snapshot: they must tell of the same sellers
ANSWER_SECONDS = 5.0
WRITES = ("POST /api/v4/companies", "PATCH /api/v4/companies")


@dataclass(frozen=True, slots=True)
class Audit:
    """What the emulated amoCRM saw since its start. `written`: companies created and updated."""

    companies: int
    sellers: int
    most_per_seller: int
    written: int
    writes: int
    requests: int
    rate_violations: int


def services(scene: Scene, *, sellers: int) -> Child:
    """All emulators in one process. Given up at its first crash: its memory is the account."""
    options = ("--port-base", str(scene.emulators), "--sellers", str(sellers), "--seed", str(SEED))
    return Child("emulators", (sys.executable, "-m", "emulators", *options), most_crashes=1)


def snapshot(scene: Scene, *, sellers: int) -> tuple[str, ...]:
    """The command that writes the warehouse's snapshot."""
    options = ("--sellers", str(sellers), "--seed", str(SEED), str(scene.snapshot))
    return (sys.executable, "-m", "emulators.snapshot", *options)


def answers(url: str) -> bool:
    """Whether a service answers there with success."""
    try:
        with _opener().open(url, timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def set_rate_limit(scene: Scene, requests: int) -> None:
    """Refuse what exceeds so many requests in any second."""
    _ask(scene, "PATCH", "settings", {"rate_limit": requests})


def audit(scene: Scene) -> Audit:
    """Raises DemoError."""
    found = _ask(scene, "GET", "audit")
    requests: dict[str, int] = found["requests"]
    return Audit(
        companies=found["companies"],
        sellers=found["sellers"],
        most_per_seller=found["max_companies_per_seller"],
        written=found["created_items"] + found["updated_items"],
        writes=sum(requests.get(name, 0) for name in WRITES),
        requests=sum(requests.values()),
        rate_violations=found["rate_violations"],
    )


def audit_url(scene: Scene) -> str:
    return f"{scene.emulator_url('amocrm')}/_control/audit"


def _ask(scene: Scene, method: str, path: str, body: object = None) -> Any:
    url = f"{scene.emulator_url('amocrm')}/_control/{path}"
    data = None if body is None else json.dumps(body).encode()
    try:
        request = Request(url, data=data, method=method)  # noqa: S310 - our own loopback address
        with _opener().open(request, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)
    except (URLError, OSError) as error:
        raise DemoError(f"Эмулятор amoCRM не отвечает: {error}") from error


def _opener() -> OpenerDirector:
    """Without the proxies of our environment: they do not reach our loopback."""
    return build_opener(ProxyHandler({}))
