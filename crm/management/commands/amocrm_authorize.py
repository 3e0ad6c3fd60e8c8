"""`manage.py amocrm_authorize CODE`: the first OAuth tokens."""

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clients.errors import ServiceError
from clients.pacing import PacingError
from crm import configuration, encryption, oauth, stored_tokens
from operations import alerts
from operations.models import Alert


class Command(BaseCommand):
    help = "Обменивает код авторизации amoCRM на токены и хранит их зашифрованными"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="код из настроек интеграции, годен 20 минут и один раз")
        parser.add_argument("--json", action="store_true", help="ответ для программ")

    def handle(self, *_arguments: str, **options: Any) -> None:
        asked_at = timezone.now()
        try:
            encryption.check_keys()  # a code is good once: what can fail fails before it is spent
            account = configuration.read_oauth().account
            tokens = oauth.exchange_code(options["code"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except (ServiceError, PacingError) as error:
            raise CommandError(f"amoCRM не обменяла код: {error}") from error
        stored_tokens.store_first(account=account, tokens=tokens, asked_at=asked_at)
        alerts.recover(kind=Alert.Kind.TOKEN_DEAD)
        if options["json"]:
            self.stdout.write(json.dumps({"account": account, "authorised": True}))
            return
        self.stdout.write(f"Токены для {account} получены и сохранены")
        if settings.AMOCRM_ACCESS_TOKEN:
            self.stdout.write("Но задан AMOCRM_ACCESS_TOKEN, и работает он: уберите его")
