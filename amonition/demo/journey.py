"""The journey: what the demonstration does with the service, in order."""

from amonition.demo import advertising, emulation, flows, stores
from amonition.demo.scene import AMOCRM_RATE, Scene
from amonition.demo.service import Service, manage
from amonition.demo.showing import Screen
from amonition.demo.verdict import Findings


def prepare(*, service: Service, screen: Screen, sellers: int, database_url: str) -> str:
    """Everything is there and answers. The admin's password."""
    with screen.step(f"Эмуляторы и снепшот, продавцов: {sellers}"):
        service.start_emulators(sellers=sellers, rate_limit=AMOCRM_RATE)
    with screen.step("Таблицы, вход в админку, расписание выгрузки выключено"):
        service.set_up(*manage("migrate", "--noinput"))
        service.set_up(*manage("migrate_shards"))
        stores.switch_schedule_off(database_url)
        password = service.create_admin()
    with screen.step("Веб, рабочие процессы, планировщик"):
        service.start()
    return password


def travel(
    *,
    service: Service,
    screen: Screen,
    scene: Scene,
    sellers: int,
    database_url: str,
    redis_url: str,
) -> Findings:
    """Push; let a manager wish for things; push again. Then the advertisers."""
    before = emulation.audit(scene)
    screen.say("Первая выгрузка")
    first = service.push()
    with screen.step("Подписка на события amoCRM"):
        service.set_up(*manage("amocrm_doctor", "--fix"))
    answered = []
    for flow in flows.travel(scene=scene, screen=screen):
        answered.append(flow)
        screen.answer(flow.note)
    between = emulation.audit(scene)
    screen.say("Вторая выгрузка: ничего не изменилось, и ничего не должно быть записано")
    second = service.push()
    screen.say("Организации Справочника")
    advertised = advertising.travel(
        service=service,
        screen=screen,
        scene=scene,
        database_url=database_url,
        redis_url=redis_url,
    )
    return Findings(
        sellers=sellers,
        before=before,
        first=first,
        flows=tuple(answered),
        between=between,
        second=second,
        advertised=advertised,
    )
