"""`manage.py amocrm_open --yes`: lifts a flood-block."""

import getpass
import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clients.pacing import PaceUnavailableError
from crm import flood_block


class Command(BaseCommand):
    help = "Снимает блокировку запросов к amoCRM (после ответа её поддержки)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="amoCRM разрешила запросы снова")
        parser.add_argument("--json", action="store_true", help="ответ для программ")

    def handle(self, *_arguments: str, **options: Any) -> None:
        if not options["yes"]:
            raise CommandError(
                "Запросы пойдут снова, и повторный 403 может закрыть аккаунт надолго."
                " Если поддержка amoCRM подтвердила, что он открыт, добавьте --yes"
            )
        try:
            lifted = flood_block.lift(who=getpass.getuser())
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except PaceUnavailableError as error:
            raise CommandError(f"Redis не отвечает, ничего не снято: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({"lifted": lifted}))
        else:
            self.stdout.write("Блокировка снята" if lifted else "Блокировки не было")
