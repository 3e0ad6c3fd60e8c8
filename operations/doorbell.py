"""Waking a task. Rows are the queue; a ring that is lost costs one tick of a sweep."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, OperationalError

logger = logging.getLogger(__name__)

EXPIRES_SECONDS = 600  # an unanswered ring is repeated by a sweep long before


def ring(task_name: str, arguments: Sequence[int | str] = ()) -> None:
    """Send `task_name(*arguments)` after commit. Never raises and never waits for a broker that is away."""
    transaction.on_commit(partial(ring_now, task_name, tuple(arguments)))


def ring_now(
    task_name: str, arguments: Sequence[int | str] = (), *, after: float | None = None
) -> None:
    """The same for whoever has no transaction, and may have no database. `after`: seconds."""
    try:
        current_app.send_task(
            task_name,
            tuple(arguments),
            retry=False,
            expires=EXPIRES_SECONDS,
            countdown=after,
            ignore_result=True,
        )
    except OperationalError as error:
        logger.warning("doorbell.not_heard", extra={"task": task_name, "error": str(error)})


def unheard(*, queue: str) -> int:
    """Messages waiting in a queue: where there are some, another ring would only pile up.

    A broker that is away counts as one message: ringing it is no use.
    """
    try:
        with current_app.connection_for_read() as broker:
            channel: Any = broker.default_channel  # kombu's types know only its abstract base
            return int(channel.queue_declare(queue, passive=True).message_count)
    except OperationalError:
        return 1
    except ChannelError:
        return 0  # no such queue yet
