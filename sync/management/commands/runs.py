"""manage.py runs: looking at runs and operating them."""

import getpass
from argparse import SUPPRESS, ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from operations import runs, selectors
from operations.models import Run
from sync import starting

LISTED = 20


class Command(BaseCommand):
    help = "Показывает запуски и управляет ими"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="для машины")
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="последние запуски")
        for name, text in (
            ("show", "один запуск"),
            ("approve", "разрешить остановленный проверкой"),
            ("discard", "отменить остановленный проверкой"),
            ("stop", "остановить идущий"),
        ):
            action = actions.add_parser(name, help=text)
            action.add_argument("id", type=int)
            if name == "approve":
                action.add_argument("--up-to", type=int, help="не больше стольких продавцов")
        for action in actions.choices.values():
            action.add_argument("--json", action="store_true", default=SUPPRESS, help="для машины")

    def handle(self, **options: Any) -> None:
        if options["action"] == "list":
            self._show(list(Run.objects.order_by("-pk")[:LISTED]), as_json=options["json"])
            return
        run = Run.objects.filter(pk=options["id"]).first()
        if run is None:
            raise CommandError(f"Запуска {options['id']} нет: посмотрите manage.py runs list")
        if options["action"] != "show" and not self._operate(run, options):
            label = Run.State(run.state).label
            raise CommandError(f"Запуск {run.pk} сейчас «{label}»: {options['action']} невозможно")
        run.refresh_from_db()
        self._show([run], as_json=options["json"])

    def _operate(self, run: Run, options: dict[str, Any]) -> bool:
        who = getpass.getuser()
        match options["action"]:
            case "approve":
                return starting.resume(run=run, up_to=options["up_to"], who=who)
            case "discard":
                return runs.discard(run=run, who=who)
            case _:
                return runs.stop(run=run, who=who)

    def _show(self, found: list[Run], *, as_json: bool) -> None:
        records = [_record(run) for run in found]
        if as_json:
            self.stdout.write(orjson.dumps(records).decode())
            return
        for record in records:
            self.stdout.write("  ".join(f"{name}={value}" for name, value in record.items()))


def _record(run: Run) -> dict[str, object]:
    local = timezone.localtime(run.created_at).isoformat(timespec="seconds")
    record: dict[str, object] = {"run": run.pk, "state": run.state, "trigger": run.trigger}
    return (
        record
        | {"started": local, "rows": run.rows, "reason": run.reason}
        | selectors.progress(run=run)
    )
