"""A seller's feed is loaded: the address from the card, to the feeds service, as a periodic one."""

import re
from contextlib import closing

from clients.amocrm.records import CompanyRecord
from clients.errors import ValidationError
from clients.pacing import Lane
from companies import feed_requests, linking
from companies.feed_requests import FeedWish
from companies.linking import Link
from crm import connection
from operations import failpoints
from webhooks import aggregating, checking, services
from webhooks.models import Event
from webhooks.outcomes import Outcome, PostponedError, done, refused

SELLER_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
BUSY_PAUSE = 5.0  # seconds; the seller's company is being created


def handle(event: Event) -> Outcome:
    """One wish for a feed. Every step may be repeated. Raises ServiceError, PacingError."""
    with closing(connection.ready_client()) as client:
        company = client.companies.get(event.entity_id, lane=Lane.INTERACTIVE)
        if company is None or company.is_deleted:
            return done("Компании больше нет")
        wish = feed_requests.wish_of(company, by_button=event.by_button)
        if wish is None:
            # What was loaded before the process died is what this event has loaded.
            return _told(event.subject) if event.subject else done("Загружать нечего")
        outcome = _load(event, company, wish)
        if outcome.state == Event.State.DONE and wish.requested:
            event.subject = wish.url
            event.save(update_fields=["subject"])
            failpoints.reach("feed.loaded")
            feed_requests.clear(client=client, company_id=event.entity_id, url=wish.url)
            failpoints.reach("feed.cleared")
    return outcome


def _load(event: Event, company: CompanyRecord, wish: FeedWish) -> Outcome:
    seller_id = linking.seller_of(company)
    if not seller_id:
        return _refusal("в компании не заполнено поле «ID продавца»", wish)
    if not SELLER_ID.fullmatch(seller_id):
        return _refusal("в поле «ID продавца» не ID, а что-то другое", wish)
    try:
        url = checking.feed_url(wish.url)
    except checking.NotAcceptedError as problem:
        return _refusal(f"{problem}", wish)
    if aggregating.find_seller(seller_id=seller_id) is None:
        return _refusal(f"пользователь {seller_id} не найден на сервисе", wish)
    link = linking.link(seller_id=seller_id, company_id=event.entity_id)
    if link is Link.BUSY:
        raise PostponedError("Компания этого продавца создаётся", pause=BUSY_PAUSE)
    failpoints.reach("feed.linked")
    try:
        with services.feeds() as feeds:
            feeds.put(seller_id, url)
    except ValidationError as error:
        return _refusal(f"сервис фидов отказал: {error.detail}", wish)
    failpoints.reach("feed.sent")
    return _told(wish.url, conflict_of=seller_id if link is Link.CONFLICT else "")


def _told(url: str, *, conflict_of: str = "") -> Outcome:
    note = f"Фид загружен и будет обновляться: {url}"
    if conflict_of:
        note += f"; у пользователя {conflict_of} есть и другая компания, объедините их"
    reason = "Загружен" + (", но у продавца другая компания" if conflict_of else "")
    return done(reason, note=note, subject=url)


def _refusal(problem: str, wish: FeedWish) -> Outcome:
    return refused(f"Не загружен: {problem}", note=f"Фид не загружен: {problem}", subject=wish.url)
