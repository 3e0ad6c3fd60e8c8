"""The whole of webhooks in this process: the real door, the real handlers, emulators over sockets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from clients.amocrm.entities import Entity
from emulators import Emulators
from operations.models import Option
from operations.options import put
from tests.clients.emulated import Control
from webhooks import handling, noting, reading
from webhooks.models import Delivery, Door, Event, Note, Transfer

SECRET = "a-secret-of-32-characters-or-so!"
SELLER = "10000000"  # the first that the emulated services know
OTHER_SELLER = "10000001"
NOBODY = "99999999"
TRANSFER = (7_000_201, 57_000_203)  # pipeline and stage of the emulated account
ELSEWHERE = (7_000_201, 57_000_204)
PROFILE = "https://www.avito.ru/user/abc/profile"
PHONE = "+7 912 345-67-89"
ROUNDS = 50  # turns of reading and handling; a test that needs more has a loop


@dataclass(frozen=True, slots=True)
class Office:
    """What people do in amoCRM, what comes in, and what became of it."""

    amocrm: Control
    snatcher: Control
    sellers: Control
    offers: Control
    feeds: Control

    def bring(self, door: Door, body: bytes, *, secret: str = SECRET) -> int:
        """amoCRM brings a body. The answer's status."""
        answer = Client().post(
            f"/webhooks/amocrm/{secret}/{door.value}/",
            data=body,
            content_type="application/x-www-form-urlencoded",
        )
        return answer.status_code

    def work(self) -> None:
        """Everything that is due now, as the workers would do it."""
        for _ in range(ROUNDS):
            while (found := reading.read_some()).looked_at > found.postponed:
                pass
            waiting = list(Event.objects.filter(state=Event.State.WAITING).order_by("pk"))
            before = [(event.pk, event.attempts) for event in waiting]
            for event in waiting:
                handling.handle(event_id=event.pk)
            for note in Note.objects.filter(state__in=[Note.State.PLANNED, Note.State.SENT]):
                noting.leave(note_id=note.pk)
            left = Event.objects.filter(state=Event.State.WAITING).order_by("pk")
            if [(event.pk, event.attempts) for event in left] == before or not left:
                return

    def hurry(self) -> None:
        """What waits for its time need not wait any more."""
        Delivery.objects.update(due_at="2000-01-01T00:00Z")
        Event.objects.filter(state=Event.State.WAITING).update(not_before="2000-01-01T00:00Z")
        Note.objects.update(not_before="2000-01-01T00:00Z")

    def event(self, **wanted: Any) -> Event:
        """The one event there is, of those wanted."""
        return Event.objects.get(**wanted)

    def transfer(self) -> Transfer:
        """The one transfer there is."""
        return Transfer.objects.get()

    def lead(
        self,
        fields: Mapping[str, str | None] | None = None,
        *,
        status: tuple[int, int] = TRANSFER,
    ) -> int:
        """A lead in amoCRM, with a profile and a phone unless told otherwise."""
        filled = {"Ссылка на профиль": PROFILE, "Телефон для выгрузки": PHONE} | dict(fields or {})
        given = {name: value for name, value in filled.items() if value is not None}
        body = {"pipeline_id": status[0], "status_id": status[1], "fields": given}
        return int(self.amocrm.post("leads", body)["id"])

    def move(self, lead_id: int, status: tuple[int, int]) -> None:
        """A manager moves a lead."""
        self.amocrm.patch(f"leads/{lead_id}", {"pipeline_id": status[0], "status_id": status[1]})

    def company(self, **fields: Any) -> int:
        """A company that a manager has made."""
        made = self.amocrm.post("companies", [{"name": "Магазин", "fields": fields}])
        return int(made["ids"][0])

    def edit(self, company_id: int, **fields: Any) -> Any:
        """A manager fills in fields."""
        return self.amocrm.patch(f"companies/{company_id}", {"fields": fields})

    def shown(self, company_id: int) -> Any:
        """A company as amoCRM holds it."""
        found = self.amocrm.get(f"audit/companies?after={company_id - 1}&limit=1")["companies"]
        return found[0]

    def notes(self, entity: Entity, entity_id: int) -> list[str]:
        """What is on a card."""
        found = self.amocrm.get(f"audit/notes?entity={entity.value}&id={entity_id}")["notes"]
        return [note["text"] for note in found]

    def set(self, key: Option.Key, value: str) -> None:
        """An operator sets an option."""
        put(key=key, value=value, who="tests")


def office(emulators: Emulators) -> Office:
    """Services that have seen nothing yet."""
    controls = [
        Control(url)
        for url in (
            emulators.amocrm_url,
            emulators.snatcher_url,
            emulators.sellers_url,
            emulators.offers_url,
            emulators.feeds_url,
        )
    ]
    for control in controls:
        control.post("reset", {"settings": True})
    return Office(*controls)
