"""What the terminal shows: steps, the summary, addresses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from amonition.demo import emulation
from amonition.demo.scene import AMOCRM_RATE, ORGANIZATION, Scene
from amonition.demo.verdict import Findings


class Screen:
    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._started = time.monotonic()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Shown while it goes on, and with its seconds when it is done."""
        started = time.monotonic()
        with self._console.status(text):
            yield
        self._console.print(f"[green]✓[/] {text} [dim]{time.monotonic() - started:.1f} с[/]")

    def say(self, text: str) -> None:
        self._console.print(text)

    def answer(self, note: str) -> None:
        """What a card says to the manager."""
        self.detail(f"в карточке: «{note}»")

    def detail(self, text: str) -> None:
        """What a step brought about."""
        self._console.print(f"  {text}", style="cyan", markup=False)

    def complain(self, *texts: str) -> None:
        for text in texts:
            self._console.print(text, style="bold red", markup=False)

    def summary(self, findings: Findings) -> None:
        first, second, audit = findings.first, findings.second, findings.second.audit
        table = _table("", "первая выгрузка", "вторая выгрузка")
        table.add_row("Создано", str(first.created), str(second.created))
        table.add_row("Обновлено", str(first.updated), str(second.updated))
        table.add_row("Без изменений", str(first.unchanged), str(second.unchanged))
        table.add_row("Запросов к amoCRM", *map(str, findings.requests))
        table.add_row("Секунд", f"{first.seconds:.1f}", f"{second.seconds:.1f}")
        self._console.print(table)
        table = _table("", "итог")
        table.add_row("Продавцов в снепшоте", str(first.rows))
        table.add_row("Пожеланий менеджера исполнено", str(len(findings.flows)))
        table.add_row("Баннеров отправлено снова", str(findings.advertised.sent_again))
        table.add_row("Компаний в эмуляторе amoCRM", str(audit.companies))
        table.add_row("Из них дубликатов", str(audit.companies - audit.sellers))
        table.add_row(f"Нарушений лимита {AMOCRM_RATE} запросов/с", str(audit.rate_violations))
        table.add_row("Секунд от запуска", f"{time.monotonic() - self._started:.0f}")
        self._console.print(table)

    def addresses(self, scene: Scene, *, password: str) -> None:
        self._console.print(
            f"Админка:  {scene.web_url}/admin/  вход [bold]admin[/] / [bold]{password}[/]\n"
            f"Привязки: {scene.web_url}/admin/organizations/?permalink={ORGANIZATION}\n"
            f"Метрики:  {scene.web_url}/metrics\n"
            f"Схема:    {scene.web_url}/api/schema/\n"
            f"amoCRM:   {emulation.audit_url(scene)}\n"
            f"Журналы:  {scene.logs}",
            soft_wrap=True,
        )


def _table(*columns: str) -> Table:
    table = Table(*columns)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
