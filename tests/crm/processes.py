"""Asking for the account from processes of their own, all at the same moment."""

import os
import subprocess
import sys
from contextlib import ExitStack

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

SCRIPT = """
import sys, django
django.setup()
from tests.crm.emulated import ask_account
print("ready", flush=True)
sys.stdin.readline()
print(ask_account().subdomain)
"""
PASSED_ON = (
    "AMOCRM_URL", "AMOCRM_ACCESS_TOKEN", "AMOCRM_CLIENT_ID", "AMOCRM_CLIENT_SECRET",
    "AMOCRM_REDIRECT_URI", "AMOCRM_RATE",
)  # fmt: skip
ANSWER_SECONDS = 60.0


def ask_account_at_once(*, processes: int) -> list[str]:
    """What each process printed; start them, wait until all are ready, then let them go."""
    with ExitStack() as stack:
        started = [stack.enter_context(_start()) for _ in range(processes)]
        ready = [_line(process) for process in started]
        assert ready == ["ready"] * processes
        answers = [process.communicate("go\n", ANSWER_SECONDS) for process in started]
    return [said.strip() for said, _ in answers]


def _start() -> subprocess.Popen[str]:
    passed_on = {name: str(getattr(settings, name)) for name in PASSED_ON}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **passed_on, "DATABASE_URL": _database_url()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _database_url() -> str:
    """Of the test database, which the environment does not know."""
    known = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return make_conninfo(**{name: known[name] for name in names if known.get(name)})
