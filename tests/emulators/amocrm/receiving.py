"""Where webhooks of the emulated account arrive: a server that answers as it is told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emulators.messages import Request, Response
from tests.emulators.talking import Talker
from tests.waiting import wait_until

HOOKS = "/api/v4/webhooks"
COMPANY_EVENTS = ["add_company", "update_company", "delete_company", "restore_company"]
LEAD_EVENTS = ["add_lead", "update_lead", "status_lead", "delete_lead", "restore_lead"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A webhook. `at`: seconds of the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def pairs(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))

    def item(self, place: str) -> dict[str, str]:
        """What is told of one item, such as `contacts[update][0]`."""
        return {
            name.removeprefix(place): value
            for name, value in self.pairs.items()
            if name.startswith(f"{place}[")
        }

    @property
    def places(self) -> list[str]:
        """`contacts[update][0]` and so on, in the order of the body."""
        cut = ("]".join(name.split("]", 2)[:2]) + "]" for name in self.pairs)
        return [place for place in dict.fromkeys(cut) if not place.startswith("account")]


class Receiver:
    """`answers`: makes the answer to a webhook. While `gate` is closed it makes none."""

    def __init__(self) -> None:
        self.url = ""
        self.arrived: list[Arrived] = []
        self.gate = threading.Event()
        self.answers: Callable[[Arrived], Response] = lambda _: Response(204)
        self.gate.set()

    def handle(self, request: Request) -> Response:
        self.arrived.append(Arrived(request.path, request.headers, request.body, time.monotonic()))
        self.gate.wait()
        return self.answers(self.arrived[-1])

    def torn(self, _: Request) -> float | None:
        return None

    def stop(self) -> None:
        self.gate.set()

    def answer(self, status: int, **manner: Any) -> None:
        self.answers = lambda _: Response(status, **manner)

    def items(self, place: str) -> list[dict[str, str]]:
        """The items that came at this place of a body."""
        return [item for hook in self.arrived if (item := hook.item(place))]

    def wait_for(self, count: int) -> list[Arrived]:
        wait_until(lambda: len(self.arrived) >= count, seconds=10, what=f"{count} webhooks")
        return self.arrived


def subscribe(amocrm: Talker, url: str, *events: str) -> None:
    answer = amocrm.post(HOOKS, {"destination": url, "settings": list(events)})
    assert answer.status == 201, answer.body


def counts(amocrm: Talker) -> dict[str, Any]:
    found: dict[str, Any] = amocrm.control("GET", "hooks")
    return found


def settle(amocrm: Talker) -> dict[str, Any]:
    """Once nothing waits but retries: the counts."""

    def settled() -> bool:
        now = counts(amocrm)
        return bool(now["pending"] == now["retries_waiting"])

    wait_until(settled, seconds=10, what="the webhooks were tried")
    return counts(amocrm)


def told(amocrm: Talker, receiver: Receiver) -> list[tuple[str, ...]]:
    """The items of every webhook so far, the bodies in the order of their text."""
    settle(amocrm)
    return sorted(tuple(each.places) for each in receiver.arrived)
