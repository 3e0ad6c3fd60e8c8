"""The service as it runs in production: Celery workers and beat in processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connections

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60  # importing Django on a busy machine
STOP_SECONDS = 30
PASSED_ON = (
    "AMOCRM_URL",
    "AMOCRM_ACCESS_TOKEN",
    "AMOCRM_RATE",
    "AMOCRM_WRITE_SIZE",
    "AMOCRM_CALL_DEADLINE",
    "AMOCRM_ACCOUNT_ID",
    "AMOCRM_LEAD_PROFILE_URL_FIELD",
    "AMOCRM_LEAD_PHONE_FIELD",
    "FEEDS_URL",
    "FEEDS_TOKEN",
    "OFFERS_URL",
    "OFFERS_TOKEN",
    "SELLERS_URL",
    "SELLERS_TOKEN",
    "SNATCHER_URL",
    "SNATCHER_TOKEN",
    "WEBHOOK_ECHO_WAIT",
    "WEBHOOK_EVENT_LEASE",
    "WEBHOOK_REFRESH_GAP",
    "WEBHOOK_SETTLE_TIME",
    "WAREHOUSE_URL",
    "LOCAL_DIR",
    "CREATE_SETTLE_TIME",
    "CREATE_SEND_GAP",
    "CREATE_PREPARED_LEASE",
    "SYNC_LEASE",
    "SYNC_PORTION_RECHECK",
    "SYNC_PUMPS",
)


def environment() -> dict[str, str]:
    """What a test has changed in the settings, as variables for another process."""
    changed = {name: str(getattr(settings, name)) for name in PASSED_ON}
    shards = ",".join(_database_url(alias) for alias in settings.SHARDS.values())
    urls = {"DATABASE_URL": _database_url("default"), "SHARD_DATABASE_URLS": shards}
    return {**os.environ, **changed, **urls}


def _database_url(alias: str) -> str:
    """The test's own database, which Django has made beside the one of the environment."""
    given = connections[alias].settings_dict
    host, port, user = given["HOST"], given["PORT"] or 5432, given["USER"] or "postgres"
    password = f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else ""
    name = quote(given["NAME"])
    if host.startswith("/"):
        return f"postgresql://{user}{password}@:{port}/{name}?host={quote(host)}"
    return f"postgresql://{user}{password}@{host}:{port}/{name}"


class Worker:
    """One `celery worker` with its pool processes."""

    def __init__(self, *, queues: str, processes: int, log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own worker
                [
                    *(sys.executable, "-m", "celery", "-A", "amonition", "worker"),
                    *("-Q", queues, "-c", str(processes), "-n", f"{queues}-{id(self)}@test"),
                    *("--without-gossip", "--without-mingle", "-O", "fair", "-l", "INFO"),
                ],
                cwd=ROOT,
                env=environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(self._is_ready, seconds=START_SECONDS, what=f"a worker for {queues}")

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(self._log.read_text()[-3_000:])
        return " ready." in self._log.read_text()

    def kill(self) -> None:
        """kill -9 of everything: the machine is gone."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """An orderly end; a worker that does not end is killed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def worker(*, queues: str, log: Path, processes: int = 2) -> Iterator[Worker]:
    """A worker for the length of a block."""
    started = Worker(queues=queues, processes=processes, log=log)
    try:
        yield started
    finally:
        started.stop()
