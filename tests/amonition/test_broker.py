"""A worker whose connections to the broker are cut goes on (docs/adr/0015-no-read-twice.md)."""

import secrets
from pathlib import Path

import pytest
import redis
from django.conf import settings

from amonition.celery import app
from tests.journeys.service import worker
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "companies.expire_attempts"  # one query, for which it does not matter who else runs
HEARD_SECONDS = 8  # a worker that is reconnected after a loss hears within two


def test_a_worker_whose_subscription_is_cut_goes_on(tmp_path: Path) -> None:
    """The cut comes while the broker answers: the subscription alone notices, and reconnects."""
    queue = f"cut-{secrets.token_hex(4)}"
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as broker:
        before = _subscribers(broker)
        with worker(queues=queue, log=tmp_path / "worker.log", processes=1):
            _is_heard(broker, queue)
            cut = _subscribers(broker) - before
            assert [broker.client_kill_filter(_id=one) for one in cut] == [1]
            wait_until(
                lambda: bool(_subscribers(broker) - before - cut),
                seconds=HEARD_SECONDS,
                what="the subscription is back",
            )
            _is_heard(broker, queue)


def _is_heard(broker: redis.Redis, queue: str) -> None:
    """A task is taken off `queue`."""
    app.send_task(TASK, queue=queue)
    wait_until(lambda: not broker.exists(queue), seconds=HEARD_SECONDS, what="the task is taken")


def _subscribers(broker: redis.Redis) -> set[str]:
    return {one["id"] for one in broker.client_list(_type="pubsub")}
