"""`manage.py amocrm_doctor [--fix]`: what is right in amoCRM and what is not, step by step."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from companies import fielding
from crm.doctor import Step, run_doctor
from webhooks import subscriptions


class Command(BaseCommand):
    help = "Проверяет по шагам всё, что нужно в amoCRM; --fix создаёт недостающее"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix", action="store_true", help="создать недостающие поля и значения, подписаться"
        )
        parser.add_argument("--json", action="store_true", help="ответ для программ")

    def handle(self, *_arguments: str, **options: Any) -> None:
        steps = run_doctor(
            fix=options["fix"], wanted=fielding.specs(), webhooks=subscriptions.doctor_step
        )
        if options["json"]:
            self.stdout.write(json.dumps([asdict(step) for step in steps], ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_line(step) for step in steps))
        if not all(step.ok for step in steps):
            sys.exit(1)


def _line(step: Step) -> str:
    mark = "✓" if step.ok else "✗"
    return f"{mark} {step.name}: {step.detail}{' (исправлено)' if step.fixed else ''}"
