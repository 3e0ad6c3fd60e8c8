"""The environment: what is read, what is documented, and what stops the start."""

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from amonition import environment

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = (CHECKOUT / "amonition/settings.py").read_text(encoding="utf-8")
DOCUMENT = (CHECKOUT / "docs/settings.md").read_text(encoding="utf-8")
EXAMPLE = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
COMPOSE = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")

READS = [
    node
    for node in ast.walk(ast.parse(SOURCE))
    if isinstance(node, ast.Call)
    and isinstance(node.func, ast.Attribute)
    and isinstance(node.func.value, ast.Name)
    and node.func.value.id == "env"
]
# Reader by variable: {"PORT": "integer", ...}
READERS = {ast.literal_eval(node.args[0]): ast.unparse(node.func)[4:] for node in READS}
DEFAULTS = {
    ast.literal_eval(node.args[0]): ast.literal_eval(node.args[1])
    for node in READS
    if len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
}
ROWS = {
    name: [cell.strip() for cell in rest.split(" | ")]
    for name, rest in re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", DOCUMENT, re.MULTILINE)
}
IN_EXAMPLE = re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
READ_BY_COMPOSE = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
CHECKED = sorted(name for name, reader in READERS.items() if reader not in {"text", "words"})


def start(monkeypatch: pytest.MonkeyPatch, **environ: str) -> dict[str, Any]:
    """The settings as a new process would have them. Django's own are not touched."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(CHECKOUT / "amonition/settings.py"))


def test_every_variable_is_documented_and_nothing_else_is() -> None:
    assert set(ROWS) == set(READERS) | READ_BY_COMPOSE


def test_the_example_holds_every_variable_once() -> None:
    assert sorted(IN_EXAMPLE) == sorted(set(READERS) | READ_BY_COMPOSE)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_variable_is_documented_in_full(name: str) -> None:
    meaning, default, *example = ROWS[name]
    assert len(meaning) > 8
    assert default
    assert example or name.endswith(("_TOKEN", "_SECRET"))


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_the_documented_default_is_that_of_the_code(name: str) -> None:
    assert f"`{DEFAULTS[name]}`" in ROWS[name][1]


@pytest.mark.parametrize("name", [*CHECKED, "DATABASE_URL"])
def test_an_unusable_value_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: "):
        start(monkeypatch, **{name: "nonsense"})


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_a_required_variable_that_is_empty_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: not set"):
        start(monkeypatch, **{name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "0"), ("PORT", "65536"), ("PORT", "80.5"), ("AMOCRM_RATE", "nan"), ("PORT", "")],
)
def test_a_number_out_of_its_bounds_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^{name}: "):
        start(monkeypatch, **{name: value})


def test_a_secret_may_come_as_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(" from the file\n")
    monkeypatch.delenv("FEEDS_TOKEN", raising=False)
    found = start(monkeypatch, FEEDS_TOKEN_FILE=str(secret))
    assert found["FEEDS_TOKEN"] == "from the file"


def test_the_variable_itself_comes_before_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = start(monkeypatch, FEEDS_TOKEN="itself", FEEDS_TOKEN_FILE=str(tmp_path / "none"))
    assert found["FEEDS_TOKEN"] == "itself"


def test_an_unreadable_file_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FEEDS_TOKEN", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"^FEEDS_TOKEN_FILE: "):
        start(monkeypatch, FEEDS_TOKEN_FILE=str(tmp_path / "none"))


def test_debug_does_without_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.delenv("BEHIND_TLS")
    found = start(monkeypatch, DEBUG="yes")
    assert found["SECRET_KEY"]
    assert not found["SECURE_SSL_REDIRECT"]


@pytest.mark.parametrize(
    ("value", "expected"), [("a, b ,,c", ["a", "b", "c"]), (" ", []), ("one", ["one"])]
)
def test_a_list_is_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: list[str]
) -> None:
    monkeypatch.setenv("NAMES", value)
    assert environment.words("NAMES") == expected


@pytest.mark.parametrize("value", ["1", "true", "YES", "On"])
def test_a_boolean_has_several_spellings(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FLAG", value)
    assert environment.boolean("FLAG", default=False)


def test_a_url_loses_the_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert start(monkeypatch, FEEDS_URL="https://feeds.example/")["FEEDS_URL"][-1] == "e"


def test_a_choice_is_one_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAY", "delta")
    assert environment.choice("WAY", "recompute", of=("recompute", "delta")) == "delta"
    monkeypatch.setenv("WAY", "none")
    with pytest.raises(ImproperlyConfigured, match="WAY"):
        environment.choice("WAY", "recompute", of=("recompute", "delta"))
