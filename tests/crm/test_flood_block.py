"""The flood-block: PostgreSQL remembers it, Redis enforces it, an operator ends it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from clients.errors import FloodBlockError, NoRightsError
from clients.pacing import LaneClosedError, PaceUnavailableError
from crm import flood_block
from crm.connection import pace
from crm.flood_block import RecordingPace
from crm.models import FloodBlock
from operations.models import Alert, AuditEntry
from tests.clients.emulated import Control
from tests.crm.emulated import ask_account, asked_at_all, forget_pace
from tests.crm.threads import at_once
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)  # other connections see the rows

NOBODY_THERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def blocked(amocrm: Control) -> Control:
    """amoCRM has blocked us, and we have noticed."""
    amocrm.post("flood_block", {"blocked": True})
    with pytest.raises(FloodBlockError):
        ask_account()
    return amocrm


def take_lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [flood_block.LOCK])


def somebody_waits_for_the_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone() is not None


def in_thread(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


def open_alerts() -> int:
    return Alert.objects.filter(kind=Alert.Kind.FLOOD_BLOCK, recovered_at=None).count()


def test_403_is_recorded_and_stops_everything(blocked: Control) -> None:
    assert flood_block.is_blocked()
    assert open_alerts() == 1
    with pytest.raises(LaneClosedError):
        ask_account()
    assert asked_at_all(blocked) == 1


def test_403_at_the_token_endpoint_is_recorded_too(oauth: Control) -> None:
    oauth.post("clock", {"advance": 2 * 86400})
    oauth.post("faults", [{"kind": "status_before_commit", "status": 403, "path": "/oauth2"}])
    with pytest.raises(FloodBlockError):
        ask_account()
    assert flood_block.is_blocked()


def test_json_403_of_one_call_blocks_nothing(amocrm: Control) -> None:
    amocrm.post(
        "faults", [{"kind": "status_before_commit", "status": 403, "body": "json", "times": 1}]
    )
    with pytest.raises(NoRightsError):
        ask_account()
    assert not flood_block.is_blocked()
    ask_account()


@committed
def test_watchdog_waits_for_an_operator_who_is_lifting(amocrm: Control) -> None:
    """Between the two stores it would see a block that is over, and close Redis for good."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        take_lock()
        watchdog = pool.submit(in_thread, flood_block.keep_pace_open)
        wait_until(somebody_waits_for_the_lock, seconds=5, what="the watchdog waiting")
        assert not watchdog.done()


@committed
def test_403_that_meets_a_lift_closes_again(amocrm: Control) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            take_lock()
            recording = pool.submit(in_thread, lambda: flood_block.record(reason="403"))
            wait_until(somebody_waits_for_the_lock, seconds=5, what="the recorder waiting")
            pace().open()
        recording.result()
    assert pace().state().blocked == "403"


@committed
def test_many_403s_at_once_are_one_block(amocrm: Control) -> None:
    at_once(lambda: flood_block.record(reason="403"), threads=6)
    assert FloodBlock.objects.count() == 1
    assert open_alerts() == 1


def test_database_refuses_a_second_open_block(amocrm: Control) -> None:
    """The twin: what two recorders without a lock would do."""
    FloodBlock.objects.create(reason="first")
    with pytest.raises(IntegrityError, match="one_open_flood_block"), transaction.atomic():
        FloodBlock.objects.create(reason="second")


def test_flushed_redis_does_not_lift_the_block(blocked: Control) -> None:
    forget_pace()
    flood_block.keep_pace_open()
    with pytest.raises(LaneClosedError):
        ask_account()
    assert asked_at_all(blocked) == 1


def test_flushed_redis_is_opened_again_where_there_is_no_block(amocrm: Control) -> None:
    forget_pace()
    with pytest.raises(LaneClosedError):
        ask_account()
    flood_block.keep_pace_open()
    assert pace().state().open


def test_operator_lifts_the_block(blocked: Control) -> None:
    blocked.post("flood_block", {"blocked": False})
    assert flood_block.lift(who="anna")
    assert not flood_block.is_blocked()
    assert open_alerts() == 0
    assert FloodBlock.objects.get().opened_by == "anna"
    assert AuditEntry.objects.get().who == "anna"
    assert pace().state().open
    flood_block.keep_pace_open()
    assert not flood_block.is_blocked()


def test_block_that_comes_again_is_a_new_one(blocked: Control) -> None:
    flood_block.lift(who="anna")
    flood_block.record(reason="403 again")
    assert FloodBlock.objects.count() == 2
    assert flood_block.is_blocked()


def test_lifting_nothing_is_no_act(amocrm: Control) -> None:
    assert not flood_block.lift(who="anna")
    assert not AuditEntry.objects.exists()


def test_crash_after_redis_was_closed_is_made_good_from_redis(amocrm: Control) -> None:
    pace().close("amocrm GET /account: 403")
    flood_block.keep_pace_open()
    assert FloodBlock.objects.get(opened_at=None).reason == "amocrm GET /account: 403"
    assert open_alerts() == 1


def test_redis_restored_from_before_the_block_is_closed_again(amocrm: Control) -> None:
    FloodBlock.objects.create(reason="403")
    flood_block.keep_pace_open()
    assert pace().state().blocked == "403"


def test_block_that_only_redis_knows_of_can_be_lifted(amocrm: Control) -> None:
    pace().close("403")
    assert flood_block.lift(who="anna")
    assert pace().state().open


def test_block_is_recorded_while_redis_is_away(amocrm: Control, settings: Settings) -> None:
    settings.REDIS_URL = NOBODY_THERE
    flood_block.record(reason="403")
    assert flood_block.is_blocked()


def test_watchdog_survives_redis_being_away(
    amocrm: Control, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = NOBODY_THERE
    flood_block.keep_pace_open()
    assert "flood_block.pace_unavailable" in caplog.text


def test_nothing_is_lifted_while_redis_is_away(amocrm: Control, settings: Settings) -> None:
    flood_block.record(reason="403")
    settings.REDIS_URL = NOBODY_THERE
    with pytest.raises(PaceUnavailableError):
        flood_block.lift(who="anna")
    assert flood_block.is_blocked()
    assert open_alerts() == 1


def test_redis_is_closed_even_where_postgresql_takes_nothing(
    amocrm: Control, caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)  # every further statement is refused
        RecordingPace(pace()).close("403")
    assert pace().state().blocked == "403"
    assert "flood_block.not_recorded" in caplog.text


def test_watchdog_has_nothing_to_do_where_amocrm_is_not_configured(settings: Settings) -> None:
    settings.AMOCRM_URL = ""
    flood_block.keep_pace_open()
    assert not flood_block.is_blocked()
