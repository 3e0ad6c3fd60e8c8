"""The door while a store or the broker is away, and what the logs say of it."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from pytest_django import Settings

from amonition.logs import logging_config
from operations import statements
from tests.crm.threads import at_once
from tests.processes import python
from tests.webhooks.away import postgresql_away, redis_away, silent_server
from tests.webhooks.knocking import BODY, FORM, SECRET, bring, only, opened, path
from tests.webhooks.other_process import environment
from webhooks import inbox, spool
from webhooks.models import Delivery, Door
from webhooks.views import MOST_BYTES


@pytest.fixture
def door(transactional_db: None, settings: Settings) -> Iterator[Settings]:
    yield from opened(settings)


# A store that is away


def test_without_postgresql_requests_wait_in_redis_and_are_loaded_once_in_order(
    door: Settings, tmp_path: Path
) -> None:
    with postgresql_away(tmp_path):
        for number in range(3):
            assert bring(b"n=%d\x00\xff" % number) == 204
        assert spool.length() == 3
        with pytest.raises(OperationalError):
            inbox.load_spool(most=10)
    assert not Delivery.objects.exists()
    assert [inbox.load_spool(most=2), inbox.load_spool(most=10)] == [2, 1]
    assert inbox.load_spool(most=10) == 0
    assert spool.length() == 0
    loaded = Delivery.objects.order_by("received_at")
    assert [bytes(one.body) for one in loaded] == [b"n=%d\x00\xff" % n for n in range(3)]
    assert loaded[0].headers["Content-Type"] == FORM
    assert loaded[0].received_at < loaded[0].due_at


def test_time_in_redis_counts_towards_the_wait(door: Settings) -> None:
    door.WEBHOOK_ECHO_WAIT = 2
    request = inbox.Request(UUID(int=1), Door.COMPANY_REFRESH, BODY, {})
    inbox.store(request, age=10.0)
    assert (only().due_at - only().received_at).total_seconds() == pytest.approx(10, abs=0.1)


def test_answer_of_postgresql_that_was_lost_does_not_double_the_request(door: Settings) -> None:
    def lose(
        execute: Callable[..., CursorWrapper],
        sql: str,
        params: object,
        many: bool,
        context: Mapping[str, Any],
    ) -> CursorWrapper:
        execute(sql, params, many, context)
        raise OperationalError("the connection is lost")

    with connection.execute_wrapper(lose):
        inbox.receive(door=Door.LEAD_STATUS, body=BODY, headers={})
    assert (Delivery.objects.count(), spool.length()) == (1, 1)
    Delivery.objects.update(state=Delivery.State.READ)
    assert inbox.load_spool(most=10) == 1
    assert only().state == Delivery.State.READ


def test_connection_that_died_meanwhile_is_opened_anew(door: Settings) -> None:
    assert bring(b"1") == 204
    with pytest.raises(OperationalError):
        statements.fetch("SELECT pg_terminate_backend(pg_backend_pid())", {})
    assert bring(b"2") == 204
    assert (Delivery.objects.count(), spool.length()) == (2, 0)


def test_two_loaders_lose_nothing_and_double_nothing(door: Settings, tmp_path: Path) -> None:
    with postgresql_away(tmp_path):
        for number in range(15):
            bring(b"n=%d" % number)
    at_once(lambda: inbox.load_spool(most=100), threads=3)
    assert Delivery.objects.count() == 15
    assert spool.length() == 0


def _dropped_by_a_slow_loader(tmp_path: Path) -> int:
    """Two loaders have the first entry; the slower one drops it when it is gone. What is left."""
    with postgresql_away(tmp_path):
        for number in range(3):
            bring(b"n=%d" % number)
    slow = next(spool.peek(1))
    assert inbox.load_spool(most=1) == 1
    spool.drop(slow.id)
    return spool.length()


def test_slow_loader_drops_what_it_has_read_and_nothing_else(
    door: Settings, tmp_path: Path
) -> None:
    assert _dropped_by_a_slow_loader(tmp_path) == 2


def test_twin_that_drops_whatever_is_first_loses_a_request(
    door: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded = spool.DROP.replace("~= ARGV[1]", "== ''")
    assert unguarded != spool.DROP
    monkeypatch.setattr(spool, "DROP", unguarded)
    assert _dropped_by_a_slow_loader(tmp_path) == 1


def test_without_both_stores_the_sender_is_asked_to_come_again(
    door: Settings, tmp_path: Path
) -> None:
    with postgresql_away(tmp_path), redis_away(door, tmp_path):
        assert bring() == 503
        assert bring(to=path(secret="wrong")) == 404
    assert bring() == 204


@pytest.mark.parametrize(("bound", "most"), [("MOST_ENTRIES", 2), ("MOST_BYTES", 2_000)])
def test_full_spool_takes_nothing_until_it_is_loaded(
    door: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(spool, bound, most)
    bodies = [b"%d" % number * 700 for number in range(3)]
    with postgresql_away(tmp_path):
        assert [bring(body) for body in bodies] == [204, 204, 503]
    assert inbox.load_spool(most=10) == 2
    with postgresql_away(tmp_path):
        assert [bring(body) for body in bodies] == [204, 204, 503]


def test_redis_is_not_asked_while_postgresql_answers(door: Settings, tmp_path: Path) -> None:
    with redis_away(door, tmp_path):
        assert bring() == 204
    assert Delivery.objects.count() == 1


BESIDE_A_BROKER = f"""
import time, django
django.setup()
from django.conf import settings
from django.test import Client
settings.WEBHOOK_SECRETS = [{SECRET!r}]
client, slowest = Client(HTTP_HOST="localhost"), 0.0
client.get("/health/live")
for number in range(5):
    began = time.monotonic()
    answer = client.post({path()!r}, data=b"n=%d" % number, content_type={FORM!r})
    slowest = max(slowest, time.monotonic() - began)
    assert answer.status_code == 204, answer.status_code
    time.sleep(0.15)  # the bell rings in between
print(slowest)
"""


@pytest.mark.parametrize("how", ["silent", "nobody"])
def test_broker_that_is_away_costs_nothing(door: Settings, tmp_path: Path, how: str) -> None:
    with silent_server() if how == "silent" else nullcontext(1) as port:
        broker = f"redis://127.0.0.1:{port}/0"
        done = python("-c", BESIDE_A_BROKER, **environment(), REDIS_URL=broker)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1, "the broker is asked for two seconds before it is given up"
    assert Delivery.objects.count() == 5


# What the logs say


def _logged(records: list[logging.LogRecord]) -> str:
    """As the log files have it."""
    config = logging_config(debug=False)["formatters"]["events"]
    options = {name: value for name, value in config.items() if name != "()"}
    formatter = structlog.stdlib.ProcessorFormatter(**options)
    return "\n".join(formatter.format(record) for record in records)


def test_no_log_line_has_a_secret(
    door: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guess = "a-guess-that-is-nearly-right"
    Client().get(path())
    bring(to=path(secret=guess))
    bring(b"x" * (MOST_BYTES + 1))
    with postgresql_away(tmp_path):
        bring()
        with redis_away(door, tmp_path):
            bring()
    logged = _logged(caplog.records)
    assert {json.loads(line)["level"] for line in logged.splitlines()} >= {"warning", "error"}
    assert "/webhooks/amocrm/***/lead-status/" in logged
    for secret in (SECRET, guess):
        assert secret not in logged
