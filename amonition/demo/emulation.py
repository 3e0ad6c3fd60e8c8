"""The emulators as the demonstration sees them: over HTTP, through their control plane."""

import sys
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError

from amonition.demo.asking import ANSWER_SECONDS, ask, opener
from amonition.demo.errors import DemoError
from amonition.demo.scene import Scene
from amonition.supervising import Child

SEED = 1  # of the services and of the snapshot: they must tell of the same sellers
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
        with opener().open(url, timeout=ANSWER_SECONDS) as answer:
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


def create_lead(scene: Scene, fields: dict[str, str]) -> int:
    """A lead in the first stage of the pipeline that has the transfer stage; its id."""
    body = {"name": "Перенести профиль", "status": "Новый продавец", "fields": fields}
    return int(_ask(scene, "POST", "leads", body)["id"])


def move_lead(scene: Scene, lead_id: int, status: str) -> None:
    """As a manager does it."""
    _ask(scene, "PATCH", f"leads/{lead_id}", {"status": status})


def first_company(scene: Scene) -> int:
    """The id of a company that the push has created."""
    found = _ask(scene, "GET", "audit/companies?limit=1")["companies"]
    if not found:
        raise DemoError("В эмуляторе amoCRM нет ни одной компании")
    return int(found[0]["id"])


def edit_company(scene: Scene, company_id: int, fields: dict[str, str]) -> None:
    """As a manager does it."""
    _ask(scene, "PATCH", f"companies/{company_id}", {"fields": fields})


def press_button(scene: Scene, company_id: int, *, door: str) -> None:
    """As a manager does it: the button sends the card to one of our addresses."""
    url = f"{scene.web_url}/webhooks/amocrm/{scene.webhook_secret()}/{door}/"
    _ask(scene, "POST", "buttons", {"company_id": company_id, "url": url})


def notes(scene: Scene, entity: str, entity_id: int) -> list[str]:
    """What stands on a card, oldest first."""
    found = _ask(scene, "GET", f"audit/notes?entity={entity}&id={entity_id}")["notes"]
    return [note["text"] for note in found]


def audit_url(scene: Scene) -> str:
    return f"{scene.emulator_url('amocrm')}/_control/audit"


def _ask(scene: Scene, method: str, path: str, body: object = None) -> Any:
    try:
        return ask(method, f"{scene.emulator_url('amocrm')}/_control/{path}", body)
    except DemoError as error:
        raise DemoError(f"Эмулятор amoCRM не отвечает: {error}") from error
