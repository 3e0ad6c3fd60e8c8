"""Each check, told apart from the others by its id, at the value where it begins to speak."""

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from amonition.webhook_checks import VARIABLES
from companies.exports import PATIENCE_SECONDS
from operations.models import Option
from tests.processes import python

PRODUCTION = Path(__file__).parents[1] / "production.env"


def ours() -> dict[str, CheckMessage]:
    """Our own messages by id."""
    messages = run_checks(include_deployment_checks=True)
    return {str(m.id): m for m in messages if str(m.id).startswith("amonition.")}


def test_the_defaults_are_right() -> None:
    assert ours() == {}


def test_checks_speak_only_of_deployments(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    assert not [m for m in run_checks() if str(m.id).startswith("amonition.")]


@pytest.mark.parametrize("keys", [[], ["no key"], [Fernet.generate_key().decode(), "dG9vIHNob3J0"]])
def test_e001_encryption_keys(settings: Settings, keys: list[str]) -> None:
    settings.ENCRYPTION_KEYS = keys
    found = ours()
    assert list(found) == ["amonition.E001"]
    assert found["amonition.E001"].msg.startswith("ENCRYPTION_KEYS: ")
    assert "Fernet.generate_key()" in str(found["amonition.E001"].hint)
    settings.DEBUG = True
    assert ours() == {}


@pytest.mark.requirement("R86")
@pytest.mark.parametrize(
    "name",
    ["PUBLIC_URL", "SNATCHER_URL", "FEEDS_URL", "SELLERS_URL", "OFFERS_URL", "DIRECTORY_URL"],
)
def test_e002_plain_http(settings: Settings, name: str) -> None:
    setattr(settings, name, "http://Service.example/api")
    found = ours()
    assert list(found) == ["amonition.E002"]
    assert found["amonition.E002"].msg.startswith(f"{name}: ")
    settings.PLAIN_HTTP_HOSTS = ["service.example"]
    assert ours() == {}


def test_e002_plain_http_to_amocrm(settings: Settings) -> None:
    settings.AMOCRM_URL = "http://example.amocrm.ru"
    settings.AMOCRM_ACCESS_TOKEN = "token"
    assert list(ours()) == ["amonition.E002"]
    settings.AMOCRM_URL = "https://example.amocrm.ru"
    assert ours() == {}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9003", "[::1]:9003"])
@pytest.mark.parametrize("name", ["FEEDS_URL", "PUBLIC_URL"])
def test_plain_http_may_be_spoken_on_loopback(settings: Settings, name: str, host: str) -> None:
    setattr(settings, name, f"http://{host}")
    assert ours() == {}


def test_plain_http_may_be_spoken_while_debugging(settings: Settings) -> None:
    settings.DEBUG = True
    settings.FEEDS_URL = "http://service.example"
    assert ours() == {}


def test_e003_amocrm_credentials(settings: Settings) -> None:
    settings.AMOCRM_URL = "https://example.amocrm.ru"
    settings.AMOCRM_CLIENT_ID = "id"
    settings.AMOCRM_CLIENT_SECRET = "secret"
    found = ours()
    assert list(found) == ["amonition.E003"]
    assert found["amonition.E003"].msg.startswith("AMOCRM_REDIRECT_URI: ")
    settings.AMOCRM_REDIRECT_URI = "https://amonition.example/amocrm/"
    assert ours() == {}


@pytest.mark.parametrize(
    ("name", "too_long"),
    [
        ("CELERY_TASK_SOFT_TIME_LIMIT", 110),
        ("CELERY_TASK_TIME_LIMIT", 120),
        ("SYNC_LEASE", 900),
    ],
)
def test_e004_the_ladder_of_clocks(settings: Settings, name: str, too_long: float) -> None:
    settings.WEBHOOK_EVENT_LEASE = 3600
    setattr(settings, name, too_long)
    found = ours()
    assert list(found) == ["amonition.E004"]
    assert found["amonition.E004"].msg.startswith(f"{name} ({too_long} s)")
    setattr(settings, name, too_long - 1)
    assert ours() == {}


def test_e004_a_call_outlives_its_task(settings: Settings) -> None:
    settings.AMOCRM_CALL_DEADLINE = 100
    settings.CREATE_SETTLE_TIME = 3600
    assert list(ours()) == ["amonition.E004"]


def test_e005_prepared_lease(settings: Settings) -> None:
    settings.CREATE_PREPARED_LEASE = PATIENCE_SECONDS
    assert list(ours()) == ["amonition.E005"]
    settings.CREATE_PREPARED_LEASE = PATIENCE_SECONDS + 1
    assert ours() == {}


def test_w006_shortened_clocks(settings: Settings) -> None:
    settings.CLOCK_SCALE = 0.1
    assert list(ours()) == ["amonition.W006"]


@pytest.mark.parametrize(
    "line", ["", "0 * * *", "0 * * * * *", "60 * * * *", "0 24 * * *", "x * * * *"]
)
def test_e006_schedule(settings: Settings, line: str) -> None:
    settings.SYNC_SCHEDULE = line
    found = ours()
    assert list(found) == ["amonition.E006"]
    assert found["amonition.E006"].msg.startswith("SYNC_SCHEDULE: ")


@pytest.mark.parametrize("line", ["*/15 6-23 * * 1-5", "0 0 1 1 sun", " 5   * * * * "])
def test_e006_lets_crontab_lines_pass(settings: Settings, line: str) -> None:
    settings.SYNC_SCHEDULE = line
    assert ours() == {}


@pytest.mark.parametrize("zone", ["", "Europe", "Mars/Olympus", "../etc/passwd"])
def test_e007_time_zone(settings: Settings, zone: str) -> None:
    settings.TIME_ZONE = zone
    found = ours()
    assert list(found) == ["amonition.E007"]
    assert found["amonition.E007"].msg.startswith("TIME_ZONE: ")


@pytest.mark.parametrize(
    ("key", "value", "variable"),
    [
        ("transfer_mode", "", "TRANSFER_MODE"),
        ("transfer_mode", "On", "TRANSFER_MODE"),
        ("transfers_per_hour", 100_001, "TRANSFERS_PER_HOUR"),
        ("profile_hosts", "https://avito.ru", "PROFILE_HOSTS"),
        ("profile_hosts", "avito.ru youla.ru", "PROFILE_HOSTS"),
        ("notes", "yes", "AMOCRM_NOTES"),
    ],
)
def test_e008_first_values_of_options(
    settings: Settings, key: str, value: object, variable: str
) -> None:
    settings.OPTIONS = settings.OPTIONS | {key: value}
    found = ours()
    assert list(found) == ["amonition.E008"]
    assert found["amonition.E008"].msg == f"{variable}: {str(value)!r} cannot be used"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("transfer_mode", "record"),
        ("transfers_per_hour", 0),
        ("profile_hosts", ""),
        ("profile_hosts", "Avito.ru,youla.ru,"),
        ("notes", "off"),
    ],
)
def test_e008_lets_what_the_admin_takes_pass(settings: Settings, key: str, value: object) -> None:
    settings.OPTIONS = settings.OPTIONS | {key: value}
    assert ours() == {}


def test_every_option_is_checked_by_the_variable_it_comes_from() -> None:
    assert set(VARIABLES) == set(Option.Key)
    source = (PRODUCTION.parents[1] / "amonition/settings.py").read_text(encoding="utf-8")
    for key, (variable, _) in VARIABLES.items():
        assert re.search(rf'"{key.value}": env\.\w+\("{variable}"', source)


def test_w001_settle_time(settings: Settings) -> None:
    settings.CREATE_SETTLE_TIME = 121.9
    found = ours()
    assert list(found) == ["amonition.W001"]
    assert "122 s: only for tests" in found["amonition.W001"].msg
    settings.CREATE_SETTLE_TIME = 122
    assert ours() == {}


def test_w002_an_emulator_in_production(settings: Settings) -> None:
    settings.AMOCRM_URL = "http://127.0.0.1:9000"
    settings.AMOCRM_ACCESS_TOKEN = "token"
    assert list(ours()) == ["amonition.W002"]
    settings.DEBUG = True
    assert ours() == {}


def test_w003_short_secrets(settings: Settings) -> None:
    settings.AMOCRM_ACCOUNT_ID = 12345678
    settings.WEBHOOK_SECRETS = ["long-enough-for-a-webhook", "short"]
    found = ours()
    assert list(found) == ["amonition.W003"]
    assert found["amonition.W003"].msg.startswith("WEBHOOK_SECRETS: ")
    assert "short" not in found["amonition.W003"].msg.partition("shorter")[0]
    settings.WEBHOOK_SECRETS = []
    settings.METRICS_TOKEN = "short"
    assert ours()["amonition.W003"].msg.startswith("METRICS_TOKEN: ")


def test_w004_webhooks_of_no_account(settings: Settings) -> None:
    settings.WEBHOOK_SECRETS = ["long-enough-for-a-webhook"]
    found = ours()
    assert list(found) == ["amonition.W004"]
    assert found["amonition.W004"].msg.startswith("AMOCRM_ACCOUNT_ID: ")
    settings.AMOCRM_ACCOUNT_ID = 12345678
    assert ours() == {}


def test_w005_an_event_outlives_its_lease(settings: Settings) -> None:
    settings.WEBHOOK_EVENT_LEASE = settings.CELERY_TASK_TIME_LIMIT
    found = ours()
    assert list(found) == ["amonition.W005"]
    assert found["amonition.W005"].msg.startswith("WEBHOOK_EVENT_LEASE (110 s)")
    settings.DEBUG = True
    assert ours() == {}
    settings.DEBUG = False
    settings.WEBHOOK_EVENT_LEASE = settings.CELERY_TASK_TIME_LIMIT + 1
    assert ours() == {}


def test_the_production_example_passes_every_check() -> None:
    lines = [line for line in PRODUCTION.read_text().splitlines() if not line.startswith("#")]
    environ = dict(line.split("=", 1) for line in lines)
    finished = python("manage.py", "check", "--deploy", "--fail-level=WARNING", **environ)
    assert finished.returncode == 0, finished.stderr
