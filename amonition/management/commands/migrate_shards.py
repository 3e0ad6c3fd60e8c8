"""manage.py migrate_shards: the tables of ads and organizations, on every shard."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from amonition import migrating


class Command(BaseCommand):
    help = "Создаёт и обновляет таблицы на шардах; базы рядом с основной создаёт сама"

    def handle(self, *, verbosity: int, **_options: Any) -> None:
        try:
            migrating.migrate_shards(verbosity=verbosity)
        except migrating.MigratingError as error:
            raise CommandError(str(error)) from error
