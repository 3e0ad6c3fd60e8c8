"""A company is refreshed on demand: live data of its seller, written as the push writes them."""

import re
from contextlib import closing

from clients.amocrm.client import AmoCrm
from clients.pacing import Lane
from companies import linking, own_writes
from companies import refreshing as writing
from companies.linking import Link
from companies.models import Rejection
from companies.refreshing import Written
from crm import connection
from webhooks import aggregating
from webhooks.judging import is_older
from webhooks.models import Event
from webhooks.outcomes import Outcome, PostponedError, done, refused

SELLER_ID = re.compile(r"[!-~]{1,100}", re.ASCII)  # what can stand in a URL and in a log
BUSY_PAUSE = 5.0  # seconds; somebody is writing the same company


def handle(event: Event) -> Outcome:
    """One wish for fresh figures. Raises ServiceError, PacingError, PostponedError."""
    company_id = event.entity_id
    own = own_writes.known(companies=[company_id], tokens=[])
    if not event.by_button and is_older(event.last_modified, own.confirmed.get(company_id)):
        return done("Компания уже записана позже этого события")
    with closing(connection.ready_client()) as client:
        seller_id, problem = _seller(client, company_id)
        if problem is not None:
            return problem
        profile = aggregating.live_profile(seller_id=seller_id)
        if profile is None:
            return _refusal(f"пользователь {seller_id} не найден на сервисе")
        match linking.link(seller_id=seller_id, company_id=company_id):
            case Link.BUSY:
                raise PostponedError("Компания этого продавца создаётся", pause=BUSY_PAUSE)
            case Link.CONFLICT:
                return _refusal(
                    f"у пользователя {seller_id} уже есть другая компания; объедините их"
                )
            case _:
                written = writing.refresh(client=client, profile=profile, company_id=company_id)
    return _told(event, seller_id, written)


def _seller(client: AmoCrm, company_id: int) -> tuple[str, Outcome | None]:
    """By our mapping, else by the card's field; or why there is none."""
    mapped = linking.mapped_seller(company_id=company_id)
    if mapped and not linking.is_gone(seller_id=mapped):
        return mapped, None
    company = client.companies.get(company_id, lane=Lane.INTERACTIVE)
    if company is None or company.is_deleted:
        return "", done("Компании больше нет")
    seller_id = linking.seller_of(company)
    if not seller_id:
        return "", _refusal("в ней не заполнено поле «ID продавца»")
    if not SELLER_ID.fullmatch(seller_id):
        return "", _refusal("в поле «ID продавца» не ID, а что-то другое")
    return seller_id, None


def _told(event: Event, seller_id: str, written: Written) -> Outcome:
    match written:
        case Written.DONE:
            # Only who has pressed a button waits for an answer; edits are refreshed silently.
            note = "Компания обновлена свежими данными" if event.by_button else None
            return done(f"Обновлена: продавец {seller_id}", note=note, subject=seller_id)
        case Written.NEWER:
            return done("В компании уже более свежие данные", subject=seller_id)
        case Written.GONE:
            return done("Компании больше нет", subject=seller_id)
        case Written.REFUSED:
            rejection = Rejection.objects.filter(pk=seller_id).first()
            words = rejection.detail if rejection else "amoCRM не приняла данные"
            return _refusal(f"amoCRM не приняла данные продавца {seller_id}: {words}")
        case _:
            raise PostponedError("Запись этой компании ещё не подтверждена", pause=BUSY_PAUSE)


def _refusal(problem: str) -> Outcome:
    return refused(f"Не обновлена: {problem}", note=f"Компания не обновлена: {problem}")
