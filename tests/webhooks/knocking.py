"""Requests at the door as amoCRM and others bring them."""

from collections.abc import Iterator
from typing import Any

from django.test import Client
from pytest_django import Settings

from operations import counters
from webhooks import spool
from webhooks.bell import bell
from webhooks.models import Delivery, Door

SECRET, OLDER_SECRET = "the-newest-secret-of-32-characters", "the-older-one-while-it-is-rotated"
FORM = "application/x-www-form-urlencoded"
BODY = b"leads%5Bstatus%5D%5B0%5D%5Bid%5D=1"
REST_SECONDS = 30.0  # until the bell has rung and counted


def opened(settings: Settings) -> Iterator[Settings]:
    """Two secrets that open, and a spool of the test's own."""
    settings.WEBHOOK_SECRETS = [SECRET, OLDER_SECRET]
    settings.REDIS_URL = settings.REDIS_URL.partition("?")[0] + "?db=14"
    spool.clear()
    yield settings
    assert bell.rest(seconds=REST_SECONDS)


def path(door: Door = Door.LEAD_STATUS, *, secret: str = SECRET) -> str:
    return f"/webhooks/amocrm/{secret}/{door.value}/"


def bring(body: bytes = BODY, *, to: str | None = None, **meta: Any) -> int:
    """The answer's status."""
    answer = Client().generic("POST", to or path(), body, content_type=FORM, **meta)
    return answer.status_code


def only() -> Delivery:
    """The one request that is stored."""
    return Delivery.objects.get()


def counted(name: str) -> int:
    """How often it has happened, once everything is counted."""
    assert bell.rest(seconds=REST_SECONDS)
    return counters.totals().get(name, 0)
