"""manage.py sync_companies: starts a push and follows it, or says what it would do."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from clients.errors import ServiceError
from operations.models import COUNTS, LABELS, Run
from operations.runs import Order
from sync import forecasting, starting
from sync.following import Followed, follow
from sync.planning import NOT_POSSIBLE

EXIT_CODES = {
    Run.State.DONE: 0,
    Run.State.FAILED: 1,
    Run.State.STOPPED: 1,
    Run.State.DISCARDED: 1,
    Run.State.SKIPPED: 3,
    Run.State.HELD: 4,
}


class Command(BaseCommand):
    help = "Выгружает продавцов в amoCRM и показывает ход выгрузки"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="только посчитать")
        parser.add_argument("--limit", type=int, help="не больше стольких продавцов")
        parser.add_argument("--seller", nargs="+", default=[], help="только эти продавцы")
        parser.add_argument("--full", action="store_true", help="не сверять отпечатки")
        parser.add_argument("--json", action="store_true", help="для машины")

    def handle(self, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit: нужно целое число больше нуля")
        if options["dry_run"]:
            self._forecast(options)
            return
        order = Order(
            kind=starting.KIND,
            trigger=Run.Trigger.COMMAND,
            full=options["full"],
            limited_to=options["limit"],
            only=tuple(options["seller"]),
        )
        run = starting.start(order=order)
        console = Console(stderr=options["json"])
        followed = follow(run_id=run.pk, console=console)
        self._report(followed, as_json=options["json"])
        sys.exit(EXIT_CODES[Run.State(followed.run.state)])

    def _forecast(self, options: dict[str, Any]) -> None:
        try:
            forecast = forecasting.forecast(
                limited_to=options["limit"], only=tuple(options["seller"]), full=options["full"]
            )
        except (*NOT_POSSIBLE, ServiceError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(orjson.dumps(asdict(forecast)).decode())
            return
        self.stdout.write(
            f"Продавцов {forecast.queried}: новых {forecast.new}, изменённых {forecast.changed},"
            f" без изменений {forecast.unchanged}, отклонённых {forecast.rejected}.\n"
            f"Запросов к amoCRM: {forecast.requests}, это {forecast.minutes} мин."
        )

    def _report(self, followed: Followed, *, as_json: bool) -> None:
        run, counts = followed.run, followed.counts
        if as_json:
            record = {"run": run.pk, "state": run.state, "reason": run.reason, "rows": run.rows}
            self.stdout.write(orjson.dumps(record | counts).decode())
            return
        reason = f": {run.reason}" if run.reason else ""
        self.stdout.write(f"Запуск {run.pk} {Run.State(run.state).label}{reason}")
        if run.portions.exists():
            counted = (f"{LABELS[name]} {counts[name]}" for name in COUNTS)
            self.stdout.write(", ".join(counted))
