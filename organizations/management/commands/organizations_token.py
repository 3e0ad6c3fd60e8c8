"""manage.py organizations_token: issue, list and revoke tokens of the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from organizations import api_tokens
from organizations.models import ApiToken

MOST_ID = 2**63 - 1
MOST_LISTED = 1_000


class Command(BaseCommand):
    help = "Выдаёт токен API организаций (показывается один раз), перечисляет и отзывает их"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        issue = actions.add_parser("issue", help="выдать токен")
        issue.add_argument("name", help="кто им пользуется; попадёт в историю привязок")
        issue.add_argument(
            "clients", nargs="+", type=int, help="ID клиентов, за которых он действует"
        )
        issue.add_argument("--uid", type=int, default=None, help="паспорт: владелец организаций")
        actions.add_parser("list", help="перечислить токены")
        revoke = actions.add_parser("revoke", help="отозвать токен")
        revoke.add_argument("id", type=int, help="номер из списка")

    def handle(self, **options: Any) -> None:
        actions = {"issue": self._issue, "list": self._list, "revoke": self._revoke}
        actions[options["action"]](options)

    def _issue(self, options: dict[str, Any]) -> None:
        name, uid = options["name"].strip(), options["uid"]
        if not name:
            raise CommandError("Назовите того, кто будет пользоваться токеном")
        if any(not 0 < each <= MOST_ID for each in (*options["clients"], *filter(None, [uid]))):
            raise CommandError("Номера клиентов и паспорта: от 1 до 2^63 - 1")
        try:
            token = api_tokens.issue(name=name, client_ids=options["clients"], uid=uid)
        except api_tokens.TokenRefusedError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Сохраните токен: больше он показан не будет")
        self.stdout.write(token)

    def _list(self, _options: dict[str, Any]) -> None:
        for row in ApiToken.objects.order_by("-pk")[:MOST_LISTED]:
            state = "действует" if row.revoked_at is None else "отозван"
            used = f"{timezone.localtime(row.used_at):%d.%m.%Y %H:%M}" if row.used_at else "никогда"
            clients = ", ".join(map(str, row.client_ids))
            self.stdout.write(
                f"{row.pk}  {row}  {state}, использован: {used}  паспорт: {row.uid or 'нет'}"
                f"  клиенты: {clients}"
            )

    def _revoke(self, options: dict[str, Any]) -> None:
        if not 0 < options["id"] <= MOST_ID or not api_tokens.revoke(token_id=options["id"]):
            raise CommandError("Действующего токена с таким номером нет")
        self.stdout.write(f"Токен {options['id']} отозван")
