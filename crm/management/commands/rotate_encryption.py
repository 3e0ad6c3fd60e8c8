"""`manage.py rotate_encryption`: everything encrypted under the newest key."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.stored_tokens import reencrypt_tokens


class Command(BaseCommand):
    help = "Перешифровывает токены первым ключом из ENCRYPTION_KEYS; прежние потом можно убрать"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="ответ для программ")

    def handle(self, *_arguments: str, **options: Any) -> None:
        try:
            count = reencrypt_tokens()
        except ImproperlyConfigured as error:
            raise CommandError(f"Ничего не изменено: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({"reencrypted": count}))
        else:
            self.stdout.write(f"Перешифровано аккаунтов: {count}")
