"""Leases, alerts and switches."""

import uuid
from contextlib import suppress

import pytest
from pytest_django import Settings

from operations import alerts, leases, switches
from operations.models import Alert, AuditEntry, Switch
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def test_second_holder_is_refused_until_the_lease_ends() -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    assert leases.acquire(name="scan", holder=first, seconds=60)
    assert not leases.acquire(name="scan", holder=second, seconds=60)
    assert leases.acquire(name="scan", holder=first, seconds=-1)
    assert leases.acquire(name="scan", holder=second, seconds=60)


def test_lease_is_as_short_as_the_clocks(settings: Settings) -> None:
    settings.CLOCK_SCALE = 0.01
    first, second = uuid.uuid4(), uuid.uuid4()
    assert leases.acquire(name="scan", holder=first, seconds=20)
    assert not leases.acquire(name="scan", holder=second, seconds=20)
    wait_until(
        lambda: leases.acquire(name="scan", holder=second, seconds=20),
        seconds=10,
        what="the end of a lease of a fifth of a second",
    )


def test_lease_of_another_is_not_released() -> None:
    holder = uuid.uuid4()
    leases.acquire(name="scan", holder=holder, seconds=60)
    leases.release(name="scan", holder=uuid.uuid4())
    assert not leases.acquire(name="scan", holder=uuid.uuid4(), seconds=60)


def test_block_gives_its_lease_back_also_after_an_error() -> None:
    with suppress(LookupError), leases.held(name="scan", seconds=60):
        raise LookupError
    with leases.held(name="scan", seconds=60) as holder:
        assert holder is not None


def test_alert_has_one_row_per_transition() -> None:
    assert alerts.raise_alert(kind=Alert.Kind.PUSH_FAILED, text="раз")
    assert not alerts.raise_alert(kind=Alert.Kind.PUSH_FAILED, text="два")
    assert alerts.recover(kind=Alert.Kind.PUSH_FAILED)
    assert not alerts.recover(kind=Alert.Kind.PUSH_FAILED)
    assert alerts.raise_alert(kind=Alert.Kind.PUSH_FAILED, text="снова")
    assert Alert.objects.count() == 2


def test_turning_a_switch_is_written_down() -> None:
    switches.turn(key=Switch.Key.PUSH_PAUSED, on=True, who="anna", reason="работы")
    assert switches.reason(Switch.Key.PUSH_PAUSED) == "работы"
    switches.turn(key=Switch.Key.PUSH_PAUSED, on=False, who="anna")
    assert switches.reason(Switch.Key.PUSH_PAUSED) is None
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["switch_on", "switch_off"]
