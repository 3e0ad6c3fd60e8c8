from pathlib import Path

import pytest

from amonition.demo import scene
from amonition.demo.scene import Scene


@pytest.fixture
def place(tmp_path: Path) -> Scene:
    return Scene(directory=tmp_path / "with space", port=8000, emulators=8100)


@pytest.fixture
def environ(place: Scene, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What children get from a shell that is set up for a real account."""
    place.directory.mkdir()
    monkeypatch.setenv("AMOCRM_CLIENT_SECRET", "of a real account")
    monkeypatch.setenv("AMOCRM_URL", "https://real.amocrm.ru")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("PGSSLMODE", "require")
    return scene.environment(place, database_url="dbname=demo", redis_url="redis://127.0.0.1/15")


def test_children_know_nothing_of_a_real_account(environ: dict[str, str]) -> None:
    assert not [value for value in environ.values() if "real" in value]
    assert environ["AMOCRM_URL"] == "http://127.0.0.1:8100"
    assert "HTTPS_PROXY" not in environ


def test_children_reach_their_stores_as_we_do(environ: dict[str, str]) -> None:
    assert environ["PGSSLMODE"] == "require"
    assert environ["DATABASE_URL"] == "dbname=demo"


def test_every_service_is_an_emulator_with_a_port_of_its_own(environ: dict[str, str]) -> None:
    urls = {environ[f"{name.upper()}_URL"] for name in scene.EMULATORS}
    assert urls == {f"http://127.0.0.1:{port}" for port in range(8100, 8106)}


def test_path_of_the_snapshot_is_quoted(environ: dict[str, str], place: Scene) -> None:
    assert environ["WAREHOUSE_URL"].startswith("duckdb:///")
    assert environ["WAREHOUSE_URL"].endswith("/with%20space/snapshot")


def test_secrets_stay_the_same_and_are_ours_alone(environ: dict[str, str], place: Scene) -> None:
    again = scene.environment(place, database_url="", redis_url="")
    assert again["SECRET_KEY"] == environ["SECRET_KEY"]
    assert again["ENCRYPTION_KEYS"] == environ["ENCRYPTION_KEYS"]
    assert (place.directory / "secrets.json").stat().st_mode & 0o777 == 0o600
