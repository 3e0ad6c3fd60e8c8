"""manage.py up: the whole service on this machine, in the foreground."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from amonition import migrating, ports, processes
from amonition.supervising import SupervisingError, Supervisor


class Command(BaseCommand):
    help = "Запускает сервис на этой машине: веб, рабочие процессы, планировщик. Ctrl-C завершает"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--log-to-terminal", action="store_true", help="журналы сюда, а не в файлы"
        )
        parser.add_argument(
            "--worker-per-queue",
            action="store_true",
            help="отдельный рабочий процесс очереди organizations (иначе общий с maintenance)",
        )

    def handle(self, **options: Any) -> None:
        if not ports.is_free(settings.PORT):
            raise CommandError(
                f"Порт {settings.PORT} занят другой программой:"
                " завершите её или задайте PORT с другим номером"
            )
        try:
            migrating.migrate(verbosity=options["verbosity"])
        except migrating.MigratingError as error:
            raise CommandError(str(error)) from error
        has_admin = get_user_model()._default_manager.filter(is_superuser=True).exists()
        connections.close_all()
        logs = None if options["log_to_terminal"] else settings.LOCAL_DIR / "logs"
        stages = processes.stages(
            port=settings.PORT,
            pumps=settings.SYNC_PUMPS,
            worker_per_queue=options["worker_per_queue"],
        )
        try:
            with Supervisor(cwd=settings.BASE_DIR, logs=logs) as supervisor:
                for stage in stages:
                    supervisor.start(*stage)
                self._greet(has_admin=has_admin)
                supervisor.stay()
                self.stdout.write("Завершаю…")
        except SupervisingError as error:
            raise CommandError(str(error)) from error

    def _greet(self, *, has_admin: bool) -> None:
        self.stdout.write(f"Админка: http://{ports.HOST}:{settings.PORT}/admin/")
        if settings.BEHIND_TLS:
            self.stdout.write("По http она отсылает на https: для работы без прокси BEHIND_TLS=0")
        if not has_admin:
            self.stdout.write("Входа ещё нет: .venv/bin/python manage.py createsuperuser")
        self.stdout.write("Ctrl-C завершает сервис")
