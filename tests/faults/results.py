"""What worlds have come to: a line of JSON for each, so that an interrupted run goes on where it was."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults import schedule

Record = Mapping[str, Any]
# The table's rows: name -> the kinds that belong to it.
GROUPS: Mapping[str, Sequence[str]] = {
    "killed at a step of creating (C0-C9)": schedule.DEATHS_CREATING,
    "killed at a step of updating": schedule.DEATHS_UPDATING,
    "killed at a step of the push": schedule.DEATHS_PUSHING,
    "killed while settling (C13)": schedule.DEATHS_SETTLING,
    "killed while renewing the token": schedule.DEATHS_RENEWING,
    "killed at a step of an event, a note, a hook": schedule.DEATHS_HANDLING,
    "killed at a step of a transfer": schedule.DEATHS_TRANSFERRING,
    "killed at a step of a feed or a refresh": (
        *schedule.DEATHS_FEEDING,
        *schedule.DEATHS_REFRESHING,
    ),
    "SIGTERM at a commit": [k for k in schedule.SIGNALS if k.startswith("term")],
    "SIGSTOP at a step": [k for k in schedule.SIGNALS if k.startswith("stop")],
    "processes killed, ended, frozen": schedule.PROCESSES,
    "amoCRM's answers to creates": [k for k in schedule.ANSWERS if k.startswith("create")],
    "amoCRM's answers to updates": [k for k in schedule.ANSWERS if k.startswith("update")],
    "amoCRM's answers to reads; 401, 429": [
        k for k in schedule.ANSWERS if not k.startswith(("create", "update"))
    ],
    "answers of the services around": list(schedule.AROUND),
    "PostgreSQL, Redis": schedule.STORES,
    "flood-block with FLUSHALL": ["block.flush"],
    "token's end, lost renewals": ["token.expiry", "token.answer_lost"],
    "amoCRM's clock": ["clock.forward"],
    "what managers delete and merge": ["field.deleted", "company.merged", "company.deleted"],
    "tasks doubled, stale; beat twice": schedule.QUEUE,
    "buttons and wishes against a push": schedule.RACES,
    "hooks doubled, reordered": schedule.HOOKS,
    "rows that cannot be exported": schedule.DATA,
    "killed with a create half or wholly at amoCRM (C5)": list(schedule.BODIES),
    "a worker's clock minutes ahead, behind, set back": schedule.SKEWS,
    "tasks delivered in another order": ["queue.reordered"],
    "amoCRM not paid (402)": ["account.unpaid"],
    "token revoked, renewed by several at once": ["token.revoked", "token.twice"],
    "PostgreSQL without room": ["postgres.full"],
}


class Results:
    """The file of one series of worlds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: dict[int, Record] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                self._records[record["seed"]] = record

    def has(self, seed: int) -> bool:
        """Whether this world has come to its judge."""
        return seed in self._records and "broken" not in self._records[seed]

    def add(self, record: Record) -> None:
        """Kept at once."""
        self._records[record["seed"]] = record
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def of(self, seeds: Iterable[int]) -> list[Record]:
        return [self._records[seed] for seed in seeds if seed in self._records]


def line(record: Record) -> str:
    """One world."""
    if "broken" in record:
        return f"seed {record['seed']:>5}  BROKEN\n{record['broken']}"
    hit = f"{len(record['hits']):>2} of {record['planned']:>2} faults"
    verdict = "ok" if not record["violations"] else "VIOLATED"
    lines = [
        f"seed {record['seed']:>5}  {hit}  {record['sellers']:>4} sellers"
        f"  {record['requests']:>4} requests  {record['seconds']:>6.1f} s  {verdict}"
    ]
    lines += [f"    {violation}" for violation in record["violations"]]
    lines += [f"      {moment}" for moment in record["timeline"]]
    return "\n".join(lines)


def table(records: Sequence[Record], *, seconds: float) -> str:
    """Faults that have hit, and what came of them."""
    judged = [record for record in records if "broken" not in record]
    hits: Counter[str] = Counter()
    for record in judged:
        hits.update(record["hits"])
    violated = [record["seed"] for record in judged if record["violations"]]
    rows = [(name, sum(hits[kind] for kind in kinds)) for name, kinds in GROUPS.items()]
    lines = [f"| {name} | {count} |" for name, count in rows]
    whole = sum(record["seconds"] for record in judged)
    return "\n".join(
        [
            "| Fault | hit |",
            "|---|---|",
            *lines,
            f"| **all, in {len(judged)} worlds** | **{hits.total()}** |",
            "",
            f"violations: {len(violated)} {violated or ''}; worlds that could not be carried out:"
            f" {len(records) - len(judged)}; {whole / max(1, len(judged)):.0f} s a world,"
            f" {seconds / 60:.0f} min in all",
        ]
    )
