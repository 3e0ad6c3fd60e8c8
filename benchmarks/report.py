"""What a benchmark prints: under which circumstances it ran, and its table."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from rich import box
from rich.console import Console
from rich.table import Table

PACKAGES = ("django", "celery", "psycopg", "duckdb", "orjson", "requests")
WIDTH = 110  # columns: also where the output goes into a file


class Report:
    """One benchmark's output."""

    def __init__(self, title: str, **circumstances: object) -> None:
        self._console = Console(width=WIDTH, highlight=False)
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        given = ", ".join(f"{name} {value}" for name, value in circumstances.items())
        self._console.rule(title)
        self.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {load()}, {os.cpu_count()} cores")
        self.say(f"Python {platform.python_version()}, {packages}")
        self.say(given)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """`floor` and `target` stand beside what was measured, in columns of their own."""
        table = Table(*columns, box=box.SIMPLE_HEAD)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self._console.print(table)
        self.say(f"at the end: {load()}")


def load() -> str:
    """Other people's work on the machine shows here."""
    return f"load average {' '.join(f'{each:.1f}' for each in os.getloadavg())}"


def thousands(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")
