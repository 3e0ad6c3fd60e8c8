"""A company's feed is loaded: from the manager's field or by a button."""

import pytest

from clients.amocrm.entities import Entity
from companies.models import Company
from tests.webhooks import bodies
from tests.webhooks.office import NOBODY, SELLER, Office
from webhooks.models import Door, Event

FEED = Door.COMPANY_FEED
URL = "https://shop.example.net/feed.xml"
LATER = 2_000_000_000


def _wish(company: int, url: str = URL, *, last_modified: int = LATER) -> bytes:
    fields = {"AMONITION_FEED_REQUEST": url}
    return bodies.company(company, last_modified=last_modified, fields=fields)


def test_feed_is_loaded_and_the_wish_cleared(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST=URL)
    office.bring(FEED, _wish(company))
    office.work()
    assert office.event().state == Event.State.DONE, office.event().reason
    assert office.feeds.get("audit")["loaded"] == {SELLER: URL}
    assert "AMONITION_FEED_REQUEST" not in office.shown(company)["fields"]
    assert Company.objects.get().seller_id == SELLER  # the row was missing and is there now
    [note] = office.notes(Entity.COMPANIES, company)
    assert URL in note


def test_button_loads_the_current_feed_again(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_URL=URL)
    office.bring(FEED, bodies.company(company, fields={"AMONITION_FEED_URL": URL}))
    office.work()
    assert office.feeds.get("audit")["loaded"] == {SELLER: URL}


def test_edit_without_a_wish_asks_for_nothing(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_URL=URL)
    office.bring(FEED, bodies.company(company, last_modified=LATER))
    office.work()
    assert not Event.objects.exists()


def test_seller_that_does_not_exist_is_told_to_the_manager(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=NOBODY, AMONITION_FEED_REQUEST=URL)
    office.bring(FEED, _wish(company))
    office.work()
    assert office.event().state == Event.State.REFUSED
    [note] = office.notes(Entity.COMPANIES, company)
    assert note.startswith(f"Фид не загружен: пользователь {NOBODY} не найден на сервисе")
    assert office.feeds.get("audit")["loaded"] == {}


@pytest.mark.parametrize("url", ["http://127.0.0.1/feed", "http://192.168.0.1/f", "http://[::1]/f"])
def test_address_of_our_own_network_is_refused(office: Office, url: str) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST=url)
    office.bring(FEED, _wish(company, url))
    office.work()
    assert office.event().state == Event.State.REFUSED
    assert office.feeds.get("audit")["loaded"] == {}


def test_refused_wish_that_comes_back_with_our_own_write_is_not_handled_again(
    office: Office,
) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST="http://10.0.0.1/")
    office.bring(Door.COMPANY_REFRESH, bodies.company(company))  # a write of ours
    office.bring(FEED, _wish(company, "http://10.0.0.1/"))
    office.work()
    asked = Event.objects.count()
    office.bring(FEED, _wish(company, "http://10.0.0.1/", last_modified=1_700_000_000))
    office.work()
    assert Event.objects.count() == asked


def test_feed_of_a_seller_with_another_company_is_loaded_all_the_same(office: Office) -> None:
    first = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(Door.COMPANY_REFRESH, bodies.company(first))
    office.work()
    second = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST=URL)
    office.bring(FEED, _wish(second))
    office.work()
    assert office.feeds.get("audit")["loaded"] == {SELLER: URL}
    [note] = office.notes(Entity.COMPANIES, second)
    assert "другая компания" in note


def test_answer_that_was_lost_is_repeated_and_noted_once(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST=URL)
    office.feeds.fault("reset_after_commit", method="PUT")
    office.amocrm.fault("reset_after_commit", method="POST", path="/api/v4/companies/")
    office.bring(FEED, _wish(company))
    for _ in range(4):
        office.hurry()
        office.work()
    assert office.event().state == Event.State.DONE
    assert len(office.notes(Entity.COMPANIES, company)) == 1
