"""manage.py reconcile_companies: settles lost answers, reports duplicates, adopts unknown companies."""

import getpass
from argparse import ArgumentParser
from contextlib import closing
from dataclasses import asdict
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clients.errors import ServiceError
from clients.pacing import PacingError
from companies import adopting, attempts, reconciling
from companies.models import CompanyDuplicate, CreateAttempt
from crm import connection
from crm.configuration import CrmNotConfiguredError
from operations import switches
from operations.models import Switch


class Command(BaseCommand):
    help = "Сверяет созданные компании с amoCRM"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--adopt", action="store_true", help="принять неизвестные нам компании с ID продавца"
        )
        parser.add_argument("--json", action="store_true", help="для машины")

    def handle(self, **options: Any) -> None:
        try:
            report = self._reconcile(adopt=options["adopt"])
        except (ServiceError, PacingError, CrmNotConfiguredError) as error:
            raise CommandError(f"amoCRM: {error}") from error
        if options["json"]:
            self.stdout.write(orjson.dumps(report).decode())
            return
        for name, value in report.items():
            self.stdout.write(f"{name}: {value}")

    def _reconcile(self, *, adopt: bool) -> dict[str, object]:
        attempts.expire_prepared()
        with closing(connection.ready_client()) as client:
            settled = reconciling.settle(client=client, settle_time=settings.CREATE_SETTLE_TIME)
            adopted = adopting.adopt(client=client, who=getpass.getuser()) if adopt else None
            orphans = None if adopt else adopting.count_orphans(client=client)
        open_attempts = CreateAttempt.objects.filter(state=CreateAttempt.State.SENT).count()
        return {
            "settled": asdict(settled) if settled else None,
            "adopted": asdict(adopted) if adopted else None,
            "orphans": orphans,
            "attempts_unsettled": open_attempts,
            "duplicates": CompanyDuplicate.objects.filter(resolved_at=None).count(),
            "creation": "closed" if switches.is_on(Switch.Key.CREATION_CLOSED) else "open",
        }
