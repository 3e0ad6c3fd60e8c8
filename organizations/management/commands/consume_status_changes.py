"""manage.py consume_status_changes: the Directory's events about publication, for ever."""

import signal
import threading
from argparse import ArgumentParser
from functools import partial
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ads.shards import for_each_shard
from clients.topics import ABANDONED_SECONDS, MissingExtraError, check_installed, open_reader
from organizations import applying, receiving


class Command(BaseCommand):
    help = "Читает события Справочника и применяет их на шардах, пока не попросят закончить"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--resume",
            action="store_true",
            help="разобрать непонятые сообщения ещё раз, продолжить чтение и выйти",
        )

        parser.add_argument(
            "--reapply",
            action="store_true",
            help="применить на всех шардах все входящие события ещё раз и выйти",
        )

    def handle(self, *, resume: bool, reapply: bool, **_options: Any) -> None:
        if resume:
            self.stdout.write(f"Понято сообщений: {receiving.resume()}. Чтение продолжается")
            return
        if reapply:
            for_each_shard(lambda _: applying.rewind())
            self.stdout.write("События последних семи дней применяются ещё раз")
            return
        try:
            check_installed(settings.STATUS_TOPIC_URL)
        except MissingExtraError as error:
            raise CommandError(str(error)) from error
        stop = threading.Event()

        def ask(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask)
        open_ours = partial(
            open_reader,
            settings.STATUS_TOPIC_URL,
            topic=settings.STATUS_TOPIC,
            group=settings.STATUS_TOPIC_GROUP,
            abandoned_after=ABANDONED_SECONDS * settings.CLOCK_SCALE,
        )
        receiving.ReceiveOrganizationStatusChangesJob(
            open_reader=open_ours, topic=settings.STATUS_TOPIC, stop=stop
        ).run()
