"""docker-compose.yml, as far as it can be judged without an engine."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from amonition.redis_metrics import QUEUES
from tests.processes import CHECKOUT, python

FILE = CHECKOUT / "docker-compose.yml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
COMMANDS = {
    name: shlex.split(service["command"])
    for name, service in SERVICES.items()
    if isinstance(service.get("command"), str)
}
WORKERS = {name: words for name, words in COMMANDS.items() if "worker" in words}
LASTING = sorted(SERVICES.keys() - {"migrate"})


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_it_follows_the_compose_specification() -> None:
    finished = python(
        "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)
    )
    assert finished.returncode == 0, finished.stdout


def test_every_queue_has_one_worker() -> None:
    assert sorted(option(words, "-Q") for words in WORKERS.values()) == sorted(QUEUES)


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_worker_is_named_after_its_queue_and_pinged_by_that_name(name: str) -> None:
    queue = option(WORKERS[name], "-Q")
    assert name == f"worker-{queue}"
    assert option(WORKERS[name], "-n") == f"{queue}@%h"
    assert f"-d {queue}@$$HOSTNAME" in SERVICES[name]["healthcheck"]["test"][1]


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_workers_share_what_snapshots_are_kept_in(name: str) -> None:
    assert "local:/var/lib/amonition" in SERVICES[name]["volumes"]


def test_there_is_exactly_one_beat() -> None:
    beats = [name for name, words in COMMANDS.items() if "beat" in words[:4] and "celery" in words]
    assert beats == ["beat"]
    assert not SERVICES["beat"].keys() & {"deploy", "scale"}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_restarted_and_ended_gently(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == ("10s" if name == "emulators" else "120s")


def test_only_the_demo_has_emulators() -> None:
    profiles = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert profiles == {"emulators": ["demo"]}


def test_migrations_come_first() -> None:
    waits = {
        name for name, service in SERVICES.items() if "migrate" in service.get("depends_on", {})
    }
    assert waits == {"web", "beat", "status-changes", *WORKERS}


def test_passwords_come_from_the_environment() -> None:
    text = FILE.read_text(encoding="utf-8")
    values = re.findall(r"(?:PASSWORD|AUTH|TOKEN|SECRETS?|KEYS?): (.*)", text)
    in_urls = re.findall(r"://\w*:(.*)@", text)
    assert {*values, *in_urls} == {"${POSTGRES_PASSWORD:?}", "${REDIS_PASSWORD:?}"}


def test_nothing_runs_as_root_in_our_image() -> None:
    users = re.findall(r"^USER (.+)$", Path(CHECKOUT, "Dockerfile").read_text(), re.MULTILINE)
    assert users == ["10001:10001"]
