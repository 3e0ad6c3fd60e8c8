"""A lead in the status "ready to be transferred": its profile is handed to Snatcher, once per visit.

What cannot be undone is done last and after a look at the lead itself: the hook is only a hint.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.amocrm.leads import LeadRecord
from clients.errors import ServiceError, UnknownOutcomeError, ValidationError
from clients.pacing import Lane
from crm import connection
from crm.stages import stages
from operations import failpoints, options, statements
from operations.models import Option
from webhooks import cards, checking, dispatching, services, visits
from webhooks.models import Event, Transfer
from webhooks.outcomes import Outcome, PostponedError, done, refused

CAP_PAUSE = 60.0  # seconds until it is tried again whether the hour has room
UNKNOWN_WORDS = "ответ Snatcher потерян, исход будет сверен"
State = Transfer.State


@dataclass(frozen=True, slots=True)
class Order:
    """What Snatcher is asked for."""

    profile_url: str
    phone: str


def handle(event: Event) -> Outcome:
    """One event of a lead. Raises ServiceError, PacingError, PostponedError."""
    if _is_stale(event):
        return done("Устарело: более новое событие сделки уже обработано")
    with closing(connection.ready_client()) as client:
        wanted = stages.transfer(client=client)
        if not wanted:
            return refused(f"Этапа «{settings.AMOCRM_TRANSFER_STATUS}» нет ни в одной воронке")
        lead = _in_stage(event, client, wanted)
        if lead is None:
            return _left(event)
        visit = visits.current(lead_id=event.entity_id)
        if visit is None:
            return _begin(event, lead)
    if visit.event_id != event.pk:
        return done(f"Перенос этого захода уже есть: {visit.get_state_display()}")
    return _go_on(visit)


def _is_stale(event: Event) -> bool:
    newest = dispatching.newest_handled(event=event)
    return event.last_modified is not None and newest is not None and event.last_modified < newest


def _in_stage(
    event: Event, client: AmoCrm, wanted: frozenset[tuple[int, int]]
) -> LeadRecord | None:
    """The lead as it is now; None where the hook or the lead itself shows another status."""
    pipeline, status = cards.status_of(event.item)
    # A body without a time may be an old one: the lead itself is asked.
    is_told = status is not None and event.last_modified is not None
    if is_told and not _may_be(wanted, pipeline, status):
        return None
    lead = client.leads.get(event.entity_id, lane=Lane.INTERACTIVE)
    if lead is None or lead.is_deleted or (lead.pipeline_id, lead.status_id) not in wanted:
        return None
    return lead


def _may_be(wanted: frozenset[tuple[int, int]], pipeline: int | None, status: int | None) -> bool:
    return (pipeline, status) in wanted or (
        pipeline is None and any(status == each for _, each in wanted)
    )


def _left(event: Event) -> Outcome:
    visit = visits.current(lead_id=event.entity_id)
    if visit is None:
        return done("Сделка не в этапе переноса")
    if visit.event_id == event.pk and visit.state in Transfer.UNSETTLED:
        outcome = _give_up(visit)
        visits.close_visit(lead_id=event.entity_id)
        return outcome
    visits.close_visit(lead_id=event.entity_id)
    return done("Сделка вышла из этапа переноса")


def _give_up(visit: Transfer) -> Outcome:
    """The lead has left while its transfer was not settled: nothing new is sent, what was is found."""
    number = None
    if visit.state == State.UNKNOWN:
        number = _found(visit)
    if number is None:
        problem = "сделка вышла из этапа раньше, чем началась передача"
        visits.settle(transfer=visit, state=State.REFUSED, reason=problem)
        return done(problem.capitalize(), subject=visit.profile_url)
    visits.settle(transfer=visit, state=State.ACCEPTED, transfer_id=number)
    return _told(visit)


def _begin(event: Event, lead: LeadRecord) -> Outcome:
    mode = options.get(Option.Key.TRANSFER_MODE)
    if mode == "off":
        return done("Переносы выключены")
    try:
        order = _order(event, lead)
    except checking.NotAcceptedError as problem:
        visits.open_visit(event=event, state=State.REFUSED, reason=str(problem))
        return _refusal(str(problem))
    if mode == "record":
        visits.open_visit(
            event=event, state=State.RECORDED, profile_url=order.profile_url, phone=order.phone
        )
        return done("Записан, не отправлен", subject=order.profile_url, note=_recorded(order))
    cap = options.number(Option.Key.TRANSFERS_PER_HOUR)
    if visits.requested_last_hour() >= cap:
        raise PostponedError(f"За час уже отправлено {cap}: ждёт", pause=CAP_PAUSE)
    visit = visits.open_visit(
        event=event, state=State.REQUESTED, profile_url=order.profile_url, phone=order.phone
    )
    failpoints.reach("transfer.opened")
    if visit is None:
        return done("Перенос этого захода уже есть")
    return _send(visit)


def _order(event: Event, lead: LeadRecord) -> Order:
    """From the lead as it is now; what it lacks, from the body. Raises NotAcceptedError."""
    url_field, phone_field = (
        settings.AMOCRM_LEAD_PROFILE_URL_FIELD,
        settings.AMOCRM_LEAD_PHONE_FIELD,
    )
    url = lead.text(url_field) or cards.find_field(event.item, url_field)
    phone = lead.text(phone_field) or cards.find_field(event.item, phone_field)
    if not url:
        raise checking.NotAcceptedError("в сделке не заполнена ссылка на профиль")
    if not phone:
        raise checking.NotAcceptedError("в сделке не заполнен телефон")
    hosts = options.words(Option.Key.PROFILE_HOSTS)
    return Order(checking.profile_url(url.strip(), hosts=hosts), checking.phone(phone.strip()))


def _go_on(visit: Transfer) -> Outcome:
    """This event began the visit, and somebody died or lost an answer: never a blind second POST."""
    if visit.state == State.REQUESTED:
        return _send(visit)  # provably not sent: the mark comes before the POST
    if visit.state == State.UNKNOWN:
        return _look_up(visit)
    return _told(visit)


def _send(visit: Transfer) -> Outcome:
    visits.mark_sent(transfer=visit)
    failpoints.reach("transfer.marked")
    try:
        with services.snatcher() as snatcher:
            number = snatcher.start(
                visit.profile_url, visit.phone, idempotency_key=visit.idempotency_key
            )
    except ValidationError as error:
        visits.settle(transfer=visit, state=State.REFUSED, reason=error.detail)
        return _told(visit)
    except UnknownOutcomeError as error:
        raise PostponedError(UNKNOWN_WORDS, pause=settings.WEBHOOK_SETTLE_TIME) from error
    except ServiceError:
        visits.mark_not_sent(transfer=visit)
        raise
    failpoints.reach("transfer.sent")
    visits.settle(transfer=visit, state=State.ACCEPTED, transfer_id=number)
    return _told(visit)


def _look_up(visit: Transfer) -> Outcome:
    number = _found(visit)
    if number is None:
        return _send(visit)  # it is not there, and the key would make it one if it came yet
    visits.settle(transfer=visit, state=State.ACCEPTED, transfer_id=number)
    return _told(visit)


def _found(visit: Transfer) -> str | None:
    """An answer was lost, or a process died: after the settle time the service itself knows."""
    now = statements.now()
    settled_from = (visit.sent_at or now) + timedelta(seconds=settings.WEBHOOK_SETTLE_TIME)
    wait = (settled_from - now).total_seconds()
    if wait > 0:
        raise PostponedError(UNKNOWN_WORDS, pause=wait)
    with services.snatcher() as snatcher:
        return snatcher.find(visit.idempotency_key)


def _told(visit: Transfer) -> Outcome:
    match visit.state:
        case State.ACCEPTED:
            reason = f"Принят Snatcher: {visit.transfer_id}"
            note = f"Профиль передан на перенос: {visit.profile_url}, телефон {visit.phone}"
            return done(reason, note=note, subject=visit.profile_url)
        case State.RECORDED:
            order = Order(visit.profile_url, visit.phone)
            return done("Записан, не отправлен", subject=order.profile_url, note=_recorded(order))
        case _:
            return _refusal(visit.reason, subject=visit.profile_url)


def _recorded(order: Order) -> str:
    return f"Перенос профиля записан, но не запущен (режим проверки): {order.profile_url}"


def _refusal(problem: str, *, subject: str = "") -> Outcome:
    note = (
        f"Профиль не передан на перенос: {problem}. Исправьте сделку и снова переведите её"
        f" в этап «{settings.AMOCRM_TRANSFER_STATUS}»"
    )
    return refused(f"Отказано: {problem}", note=note, subject=subject)
