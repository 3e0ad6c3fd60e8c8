"""manage.py ready: what /health/ready says, without a web process."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from amonition.readiness import NAMES, check_all


class Command(BaseCommand):
    requires_system_checks = ()  # a probe of every minute
    help = "Показывает, движется ли работа; код возврата 1, если нет"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="ПРОВЕРКА", help=", ".join(NAMES))
        parser.add_argument("--json", action="store_true", help="для машины")

    def handle(self, *, names: list[str], json: bool, **_options: Any) -> None:
        unknown = set(names) - set(NAMES)
        if unknown:
            raise CommandError(f"Нет таких проверок: {', '.join(sorted(unknown))}", returncode=2)
        checks = [check for check in check_all() if not names or check.name in names]
        if json:
            self.stdout.write(orjson.dumps([asdict(check) for check in checks]).decode())
        else:
            for check in checks:
                self.stdout.write(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}")
        if not all(check.ok for check in checks):
            raise CommandError("Работа не движется", returncode=1)
