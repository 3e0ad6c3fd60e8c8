"""`make demo` as a process of its own, on the test run's PostgreSQL and Redis."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.left_behind import with_environment
from tests.processes import CHECKOUT
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demonstrations"),  # of which a server has one at a time
]

PORT = 10_000 + os.getpid() % 600 * 10  # away from a real one and from other tests
SECONDS = 240  # it takes thirty; a busy machine may take its time


def demo(local_dir: Path, *options: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "amonition.demo", *options],
        cwd=CHECKOUT,
        env=os.environ | {"LOCAL_DIR": str(local_dir), "PORT": str(PORT)} | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def local_dir(tmp_path: Path) -> Iterator[Path]:
    """After the test nothing may be left that was started there."""
    yield tmp_path
    assert not with_environment("LOCAL_DIR", str(tmp_path / "demo"))


def test_journey_loses_nothing_and_leaves_nothing_running(local_dir: Path) -> None:
    process = demo(local_dir, "--once", "--sellers", "600")
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    assert re.search(r"Создано\s+│\s+600 │\s+0 │", output), output
    assert re.search(r"Без изменений\s+│\s+0 │\s+600 │", output), output
    assert output.count("в карточке: «") == 3, output
    assert re.search(r"дубликатов\s+│\s+0 │", output), output
    for shard in (1, 2):
        assert re.search(rf"\(шард {shard}\) снова в очередях на модерацию и в БК", output), output
    assert output.index("PUBLISHED (ok)") < output.index("UNPUBLISHED (error)"), output


def test_interrupted_demonstration_ends_what_it_has_started(local_dir: Path) -> None:
    process = demo(local_dir, "--sellers", "30")
    log = local_dir / "demo" / "logs" / "worker-bulk.log"
    wait_until(log.exists, seconds=SECONDS, what="workers")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, output
    assert "Прервано" in output


def test_failed_demonstration_says_why_and_ends_what_it_has_started(local_dir: Path) -> None:
    process = demo(local_dir, "--once", REDIS_URL="redis://127.0.0.1:1/0")
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "REDIS_URL: " in output
