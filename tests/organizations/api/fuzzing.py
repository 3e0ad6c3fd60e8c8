"""schemathesis against the API over a socket: does it keep what its schema promises?

Its engine is called by ourselves: `schemathesis.pytest.from_fixture` does not work with pytest 9.2.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder

from tests.organizations.api import contract

PHASES = ("examples", "coverage", "fuzzing", "stateful")
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

    def told(self) -> str:
        """For a person."""
        return "\n\n".join(self.failures[:MOST_TOLD])


def explore(
    *,
    url: str,
    token: str,
    examples: int,
    seed: int,
    ids: Mapping[str, object],
    phases: tuple[str, ...] = PHASES,
) -> Found:
    """Every operation: edges of its schema, and `examples` of what fits it and what does not.

    `ids`: what the address names, where it is not left to chance.
    """
    options: dict[str, Any] = {
        "base-url": url,
        "seed": seed,
        "headers": {"Authorization": f"Bearer {token}"},
        "parameters": {f"path.{name}": value for name, value in ids.items()},
        "continue-on-failure": True,
        "workers": 1,
        "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
        "phases": {name: {"enabled": name in phases} for name in PHASES},
    }
    config = schemathesis.Config.from_dict(options)
    schema = schemathesis.openapi.from_dict(contract.schema(), config=config)
    found = Found()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _take(event.recorder, found)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


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
