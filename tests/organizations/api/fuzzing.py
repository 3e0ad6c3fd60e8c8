"""schemathesis against the API over a socket: does it keep what its schema promises?

Its engine is called by ourselves: `schemathesis.pytest.from_fixture` does not work with pytest 9.2.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import schemathesis
from django.db import connections
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder

from amonition.wsgi import application
from tests.organizations.api import contract

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Of what fits the schema: refused for what it is about, never for its form.
ACCEPTABLE = ["2xx", 404, 409, 422]
MOST_TOLD = 5  # failures; the first ones say what is wrong


@dataclass(slots=True)
class Found:
    """`answers`: how often each operation gave each status. `failures`: what was not promised."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def statuses(self) -> dict[int, int]:
        """How often each one was given."""
        counted: Counter[int] = Counter()
        for (_, status), times in self.answers.items():
            counted[status] += times
        return dict(sorted(counted.items()))

    @property
    def operations(self) -> set[str]:
        """Those that were tried."""
        return {label for label, _ in self.answers}

    def told(self) -> str:
        """For a person."""
        return "\n\n".join(self.failures[:MOST_TOLD])


class Quiet(WSGIRequestHandler):
    """Without Nagle's algorithm, which costs an answer of two writes 40 ms."""

    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Failures are told otherwise."""


class Served:
    """The service on a socket, one request after the other in one thread, so that its connections
    to PostgreSQL can be closed in the end.
    """

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._serve, name="served")
        self._thread.start()

    def close(self) -> None:
        """No more requests."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        try:
            self._server.serve_forever(poll_interval=0.05)
        finally:
            connections.close_all()


def explore(
    *,
    url: str,
    token: str,
    examples: int,
    seed: int,
    ids: Mapping[str, int],
    phases: tuple[str, ...] = PHASES,
) -> Found:
    """Every operation: edges of its schema, and `examples` of what fits it and what does not.

    `ids`: what addresses name where they are right.
    """
    options: dict[str, Any] = {
        "base-url": url,
        "seed": seed,
        "headers": {"Authorization": f"Bearer {token}"},
        "continue-on-failure": True,
        "workers": 1,
        "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
        "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTABLE}},
        "phases": {name: {"enabled": name in phases} for name in PHASES},
    }
    config = schemathesis.Config.from_dict(options)
    schema = schemathesis.openapi.from_dict(_about(ids), config=config)
    found = Found()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _take(event.recorder, found)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _about(ids: Mapping[str, int]) -> dict[str, Any]:
    """The contract with these ids alone allowed: others are what does not fit."""
    schema = contract.schema()
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in ids:
                    parameter["schema"] = {"type": "integer", "enum": [ids[parameter["name"]]]}
    return schema


def _take(recorder: ScenarioRecorder, found: Found) -> None:
    for case_id, interaction in recorder.interactions.items():
        label = recorder.cases[case_id].value.operation.label
        status = 0 if interaction.response is None else interaction.response.status_code
        found.answers[label, status] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                case = recorder.cases[case_id].value
                failure = check.failure_info.failure
                found.failures.append(
                    f"{check.name}: {case.as_curl_command()}\n{failure.title}: {failure.message}"
                )
