"""The emulated amoCRM over its control plane: its switches, and what it saw."""

from dataclasses import dataclass
from typing import Any

import requests

ANSWER_SECONDS = 120.0  # the audit of a million companies takes some ten seconds
CREATES = "POST /api/v4/companies"
UPDATES = "PATCH /api/v4/companies"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When requests came. `utilisation`: of 7 requests/s between the first and the last of them.

    `violations`: requests that came less than a second after the seventh before them.
    """

    count: int
    violations: int
    least_span_of_8: float | None  # milliseconds
    utilisation: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything since the emulator's start. `refused`: answers other than what was asked for."""

    companies: int
    sellers: int
    creates: int
    updates: int
    requests: int
    refused: int
    rate_violations: int
    all: Arrivals
    writes: Arrivals


class Amocrm:
    """One emulated account."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy does not reach our loopback

    def close(self) -> None:
        self._session.close()

    def set(self, **settings: object) -> None:
        """Turn switches; see emulators.amocrm.settings."""
        self._ask("PATCH", "settings", settings)

    def audit(self) -> Audit:
        found = self._ask("GET", "audit")
        requests_seen: dict[str, int] = found["requests"]
        return Audit(
            companies=found["companies"],
            sellers=found["sellers"],
            creates=requests_seen.get(CREATES, 0),
            updates=requests_seen.get(UPDATES, 0),
            requests=sum(requests_seen.values()),
            refused=sum(found["refused"].values()),
            rate_violations=found["rate_violations"],
            all=_arrivals(found["arrivals"]),
            writes=_arrivals(found["arrivals_of_writes"]),
        )

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(
            method, f"{self.url}/_control/{path}", json=body, timeout=ANSWER_SECONDS
        )
        answer.raise_for_status()
        return answer.json()


def _arrivals(summary: dict[str, Any]) -> Arrivals:
    return Arrivals(
        count=summary["count"],
        violations=summary["violations"],
        least_span_of_8=summary["min_span_of_8_ms"],
        utilisation=summary["utilisation_at_7"],
    )
