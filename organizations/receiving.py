"""The long-running job behind `manage.py consume_status_changes`.

One thread reads the topic into the inbox, one a shard takes events from there: a shard that is
down delays only itself, and nobody delays the reader. Not a Celery task, since it never ends.

Every wait has an end, every outage is waited for. A message is acknowledged after its row is
committed, so whoever dies meets it again, and finds it written down.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from django.db import Error, connections

from ads.shards import all_shards, use_shard
from clients.topics import Message, TopicReader, TopicUnavailableError
from operations import alerts, failpoints
from operations.models import Alert
from organizations import applying, inbox
from organizations.events import StatusChange, UnreadableError, parse

logger = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 2_000  # messages a transaction of the inbox
PORTION = 20_000  # events a transaction of a shard: half a second, for which first links wait
LONG_SECONDS = 1.0  # a portion that took longer is followed by a smaller one
POLL_SECONDS = 1.0  # until a request to stop, or an applier that failed, is noticed
SHOW_SECONDS = 10.0  # between two signs of life of a reader that reads nothing
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between tries during an outage, then the last
MOST_UNREADABLE = 100  # in a row; that many are no accidents but another format
HELD = Alert.Kind.STATUS_TOPIC_HELD
HELD_TEXT = (
    "Сообщений подряд, которые не удалось понять: {number}. Формат топика изменился? Чтение"
    " остановлено, данные целы. После исправления: manage.py consume_status_changes --resume"
)


class _StopError(Exception):
    """Asked to stop while waiting for the end of an outage."""


@dataclass(slots=True)
class Streak:
    unreadable: int = 0  # messages, up to the last one that was looked at


class ReceiveOrganizationStatusChangesJob:
    """Receives changes of publication and carries them to every shard, until `stop` is set.

    `open_reader` may raise TopicUnavailableError. Others: see the constants.
    """

    def __init__(
        self,
        *,
        open_reader: Callable[[], TopicReader],
        topic: str,
        stop: threading.Event,
        batch: int = BATCH,
        portion: int = PORTION,
        pauses: Sequence[float] = PAUSES,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._open_reader, self._topic, self._stop = open_reader, topic, stop
        self._batch, self._portion = batch, portion
        self._pauses, self._poll_seconds = pauses, poll_seconds
        self._bells = {shard: threading.Event() for shard in all_shards()}
        self._show_at = 0.0

    def run(self) -> None:
        """Returns once asked to stop, with everything that was begun finished."""
        with ThreadPoolExecutor(len(self._bells), thread_name_prefix="shard") as pool:
            appliers = [pool.submit(self._apply, shard) for shard in self._bells]
            try:
                self._receive(appliers)
            except _StopError:
                logger.warning("status_topic.left_in_an_outage")
            finally:
                self._stop.set()
        for applier in appliers:
            applier.result()

    # The reader

    def _receive(self, appliers: Sequence[Future[None]]) -> None:
        while not self._stop.is_set() and not any(applier.done() for applier in appliers):
            if self._patiently(is_held):
                self._stop.wait(self._pauses[-1])
                continue
            # Opened anew after a hold: what was not acknowledged comes again.
            with closing(self._patiently(self._open_reader)) as reader:
                self._read(reader, appliers)

    def _read(self, reader: TopicReader, appliers: Sequence[Future[None]]) -> None:
        streak = Streak()
        while not self._stop.is_set() and not any(applier.done() for applier in appliers):
            poll = partial(reader.poll, max_messages=self._batch, timeout=self._poll_seconds)
            messages = self._patiently(poll)
            batch, taken = sort(messages, streak)
            if taken:
                self._patiently(partial(inbox.store, batch, topic=self._topic))
                failpoints.reach("organizations.status_events.stored")
                self._patiently(partial(reader.ack, taken))
                for bell in self._bells.values():
                    bell.set()
            elif time.monotonic() >= self._show_at:
                self._patiently(partial(inbox.show, topic=self._topic))
                self._show_at = time.monotonic() + SHOW_SECONDS
            if streak.unreadable >= MOST_UNREADABLE:
                text = HELD_TEXT.format(number=streak.unreadable)
                self._patiently(partial(alerts.raise_alert, kind=HELD, text=text))
                return

    def _patiently(self, work: Callable[[], T]) -> T:
        """What `work` returns, after as many outages as it takes. Raises _StopError."""
        tries = 0
        while True:
            try:
                return work()
            except (Error, TopicUnavailableError) as error:
                pause = self._pause(tries, error, "status_topic.outage")
            tries += 1
            if self._stop.wait(pause):
                raise _StopError

    # An applier

    def _apply(self, shard: int) -> None:
        tries, most = 0, self._portion
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                try:
                    with use_shard(shard):
                        applied = applying.apply_next(most=most)
                except Error as error:
                    # What was too much for a time limit is tried by halves.
                    most = max(1, most // 2)
                    pause = self._pause(tries, error, "status_events.not_applied", shard=shard)
                    tries += 1
                    self._stop.wait(pause)
                    continue
                tries, most = 0, self._next_size(most, time.monotonic() - began)
                if not applied.events:
                    self._bells[shard].wait(self._poll_seconds)
                    self._bells[shard].clear()
        finally:
            connections.close_all()

    def _next_size(self, most: int, seconds: float) -> int:
        """For how many events first links are to wait next, after a portion that took so long."""
        if seconds > LONG_SECONDS:
            return max(1, most // 2)
        return min(2 * most, self._portion) if seconds < LONG_SECONDS / 4 else most

    def _pause(self, tries: int, error: Exception, event: str, **extra: object) -> float:
        """Seconds to wait after this error; connections that it may have broken are closed."""
        pause = self._pauses[min(tries, len(self._pauses) - 1)]
        details = {"error": type(error).__name__, "pause": pause, **extra}
        logger.warning(event, extra=details, exc_info=tries == 0)
        connections.close_all()
        return pause


def is_held() -> bool:
    """Whether reading waits for people: they have been told, and have not resumed it."""
    return Alert.objects.filter(kind=HELD, recovered_at=None).exists()


def resume() -> int:
    """The format is known now: read dead letters again and go on; how many of them are events."""
    replayed = inbox.replay_dead_letters()
    alerts.recover(kind=HELD)
    return replayed


def sort(messages: Sequence[Message], streak: Streak) -> tuple[inbox.Sorted, list[Message]]:
    """What the messages say, and which of them were looked at: not those after a long streak."""
    events: list[tuple[Message, StatusChange]] = []
    dead: list[tuple[Message, str]] = []
    taken: list[Message] = []
    now = datetime.now(UTC)
    for message in messages:
        if streak.unreadable >= MOST_UNREADABLE:
            break
        taken.append(message)
        try:
            events.append((message, parse(message.data, now=now)))
        except UnreadableError as error:
            streak.unreadable += 1
            dead.append((message, str(error)))
        else:
            streak.unreadable = 0
    return inbox.Sorted(events, dead), taken
