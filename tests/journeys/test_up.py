"""`make up` as a process of its own, on the test's database."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from amonition import ports
from amonition.demo.emulation import answers
from tests.journeys.left_behind import with_environment
from tests.journeys.service import environment
from tests.processes import CHECKOUT
from tests.sharded import committed_on_shards
from tests.waiting import wait_until

START_SECONDS = 60  # six programs import Django at the same time
STOP_SECONDS = 60
WORKERS = ("worker-interactive", "worker-bulk", "worker-maintenance")


@pytest.fixture
def port() -> int:
    free = ports.first_free(range(18_000, 18_100))
    assert free
    return free


@pytest.fixture
def service(transactional_db: None, port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=CHECKOUT,
        env=environment() | {"LOCAL_DIR": str(tmp_path), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.journey
@committed_on_shards
def test_service_starts_and_ends(service: subprocess.Popen[str], port: int, tmp_path: Path) -> None:
    live = f"http://127.0.0.1:{port}/health/live"
    wait_until(lambda: answers(live), seconds=START_SECONDS, what="the web answers")
    wait_until(lambda: workers_are_ready(tmp_path), seconds=START_SECONDS, what="workers")
    service.send_signal(signal.SIGTERM)
    output, _ = service.communicate(timeout=STOP_SECONDS)
    assert service.returncode == 0
    assert f"Админка: http://127.0.0.1:{port}/admin/" in output
    assert "manage.py createsuperuser" in output
    assert not with_environment("LOCAL_DIR", str(tmp_path))


def test_taken_port_is_explained_before_anything_starts(settings: Settings) -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        settings.PORT = listener.getsockname()[1]
        with pytest.raises(CommandError, match=f"Порт {settings.PORT} занят"):
            call_command("up")


def workers_are_ready(local_dir: Path) -> bool:
    logs = [local_dir / "logs" / f"{worker}.log" for worker in WORKERS]
    return all(log.exists() and " ready." in log.read_text() for log in logs)
