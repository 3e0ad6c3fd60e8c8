"""What amoCRM's events start: three wishes of a manager, each answered by a note on its card."""

import time
from collections.abc import Iterator

from amonition.demo import emulation
from amonition.demo.errors import DemoError
from amonition.demo.scene import PHONE_FIELD, PROFILE_URL_FIELD, Scene
from amonition.demo.showing import Screen
from amonition.demo.verdict import Flow

STAGE = "Готов выгружать вручную"
PROFILE_URL = "https://www.avito.ru/user/0123456789abcdef/profile"
PHONE = "+7 912 345-67-89"
FEED_URL = "https://shop.example.net/feed.xml"
NOTE_SECONDS = 60.0  # it takes about three: the echo is waited for, then two or three requests
POLL_SECONDS = 0.2


def travel(*, scene: Scene, screen: Screen) -> Iterator[Flow]:
    """Carry out all three, one after the other. Raises DemoError where a note does not come."""
    lead = emulation.create_lead(scene, {PROFILE_URL_FIELD: PROFILE_URL, PHONE_FIELD: PHONE})
    company = emulation.first_company(scene)
    wish = f"Сделка переведена в этап «{STAGE}»"
    with screen.step(wish):
        emulation.move_lead(scene, lead, STAGE)
        note = _note(scene, "leads", lead, seen=0)
    yield Flow(wish, note)
    wish = "Менеджер заполнил в компании «Загрузить фид»"
    with screen.step(wish):
        emulation.edit_company(scene, company, {"AMONITION_FEED_REQUEST": FEED_URL})
        note = _note(scene, "companies", company, seen=0)
    yield Flow(wish, note)
    wish = "Менеджер нажал в компании кнопку «Обновить»"
    with screen.step(wish):
        emulation.press_button(scene, company, door="company-refresh")
        note = _note(scene, "companies", company, seen=1)
    yield Flow(wish, note)


def _note(scene: Scene, entity: str, entity_id: int, *, seen: int) -> str:
    deadline = time.monotonic() + NOTE_SECONDS
    while time.monotonic() < deadline:
        notes = emulation.notes(scene, entity, entity_id)
        if len(notes) > seen:
            return notes[-1]
        time.sleep(POLL_SECONDS)
    raise DemoError(f"За {NOTE_SECONDS:.0f} с в карточке {entity} {entity_id} нет ответа")
