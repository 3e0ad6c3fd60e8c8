"""The table of requirements and their tests."""

from collections.abc import Iterator
from pathlib import Path

from tests.traceability import marks

TESTS = Path(__file__).resolve().parents[1]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
TABLE = TESTS.parent / "docs" / "traceability.md"
HEAD = """\
# Requirements and their tests

Made by `make trace` of the marks `@pytest.mark.requirement("R11")` and `tests/traceability/requirements.txt`; do not edit.
R are the requirements of [organizations](organizations.md), C what was decided where they were silent or
contradicted each other. Every R has a test; a C may be a decision that needs none.
"""


def requirements() -> dict[str, str]:
    """Text by row, in the order of rows."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
    return dict(rows)


def render(found: marks.Found) -> str:
    """The document."""
    lines = [HEAD, "| Row | Says | Tests |", "|---|---|---|"]
    for number, text in requirements().items():
        tests = "<br>".join(f"`{test}`" for test in found.get(number, ()))
        lines.append(f"| {number} | {text} | {tests or '–'} |")
    return "\n".join(lines) + "\n"


def gaps(found: marks.Found) -> Iterator[str]:
    """One sentence for each requirement without a test, and for each mark of none."""
    known = requirements()
    for number in known:
        if number.startswith("R") and number not in found:
            yield f"{number} has no test: {known[number]}"
    for number in sorted(found.keys() - known.keys()):
        yield f"{number} is no requirement of part one: {', '.join(found[number])}"
