"""manage.py webhooks_replay: handle events again, one or by filter, with an estimate first."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks import replaying
from webhooks.models import Door, Event
from webhooks.replaying import MOST_REPLAYED, Selection

MOST_HOURS = 24 * 14  # events are kept for 14 days
FINISHED = [state.value for state in Event.State if state not in Event.UNFINISHED]


class Command(BaseCommand):
    help = "Обрабатывает события amoCRM заново; без --yes только говорит, сколько их"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, help="номера событий")
        parser.add_argument("--state", choices=FINISHED, default="", help="итог событий")
        parser.add_argument("--door", choices=[door.value for door in Door], default="")
        parser.add_argument("--error", default="", help="класс ошибки, например TransientError")
        parser.add_argument("--hours", type=float, default=None, help="полученные не раньше, часов")
        parser.add_argument("--yes", action="store_true", help="выполнить, а не оценить")
        parser.add_argument("--json", action="store_true", help="ответ для программ")

    def handle(self, **options: Any) -> None:
        names = ("ids", "state", "door", "error", "hours")
        selection = Selection(**{name: options[name] for name in names})
        if selection == Selection(ids=[]):
            raise CommandError("Назовите события: номерами или --state, --door, --error, --hours")
        if selection.hours is not None and not 0 < selection.hours <= MOST_HOURS:
            raise CommandError(f"--hours: больше 0 и не больше {MOST_HOURS}")
        events = replaying.select(selection)
        found = events.count()
        if found > MOST_REPLAYED:
            raise CommandError(f"Событий {found}, за раз не больше {MOST_REPLAYED}: уточните выбор")
        replayed = None
        if options["yes"] or options["ids"]:
            replayed = replaying.replay(events=events, who="manage.py")
        if options["json"]:
            self.stdout.write(json.dumps({"found": found, "replayed": replayed}))
        elif replayed is None:
            self.stdout.write(f"Подходит событий: {found}. С --yes они будут обработаны заново")
        else:
            self.stdout.write(f"Будет обработано заново: {replayed} из {found}")
