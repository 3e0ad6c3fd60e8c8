"""A company is refreshed on demand; our own writes come back and cause nothing."""

from uuid import uuid4

from clients.amocrm.entities import Entity
from companies.models import Company, CompanyDuplicate, SellerSync
from tests.webhooks import bodies
from tests.webhooks.office import NOBODY, OTHER_SELLER, SELLER, Office
from webhooks import inbox, reading, spool
from webhooks.models import Delivery, Door, Event

REFRESH = Door.COMPANY_REFRESH
LATER = 2_000_000_000  # Unix seconds: after everything that the emulated account has seen


def _services_asked(office: Office) -> int:
    controls = (office.sellers, office.offers, office.feeds)
    return sum(sum(control.get("audit")["requests"].values()) for control in controls)


def test_unknown_company_with_a_seller_id_is_adopted_and_filled(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    assert office.bring(REFRESH, bodies.company(company, last_modified=LATER)) == 204
    office.work()
    assert office.event().state == Event.State.DONE, office.event().reason
    assert Company.objects.get().company_id == str(company)
    assert office.shown(company)["fields"]["AMONITION_OFFERS_TOTAL"] >= 1
    assert office.notes(Entity.COMPANIES, company) == []  # nobody has pressed a button


def test_button_is_answered_with_a_note(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(REFRESH, bodies.company(company))
    office.work()
    [note] = office.notes(Entity.COMPANIES, company)
    assert note.startswith("Компания обновлена")


def test_value_that_a_person_has_changed_is_put_right(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(REFRESH, bodies.company(company, last_modified=LATER))
    office.work()
    right = office.shown(company)["fields"]["AMONITION_OFFERS_TOTAL"]
    office.edit(company, AMONITION_OFFERS_TOTAL=777)
    office.bring(REFRESH, bodies.company(company, last_modified=LATER + 1))
    office.work()
    assert office.shown(company)["fields"]["AMONITION_OFFERS_TOTAL"] == right


def test_echo_of_our_own_write_causes_nothing_and_is_not_kept(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(REFRESH, bodies.company(company))
    office.work()
    confirmed = SellerSync.objects.get().crm_updated_at
    assert confirmed is not None
    asked, written = _services_asked(office), office.amocrm.get("audit")["updated_items"]
    office.bring(REFRESH, bodies.company(company, last_modified=confirmed))
    office.bring(Door.COMPANY_FEED, bodies.company(company, last_modified=confirmed))
    office.work()
    assert _services_asked(office) == asked
    assert office.amocrm.get("audit")["updated_items"] == written
    assert Delivery.objects.filter(state=Delivery.State.STORED).count() == 0
    assert Event.objects.count() == 1


def test_persons_edit_a_second_later_is_handled(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(REFRESH, bodies.company(company))
    office.work()
    confirmed = SellerSync.objects.get().crm_updated_at or 0
    office.bring(REFRESH, bodies.company(company, last_modified=confirmed + 1))
    office.work()
    assert Event.objects.filter(state=Event.State.DONE).count() == 2


def test_thousand_hooks_for_one_company_are_one_refresh(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    for number in range(50):
        office.bring(REFRESH, bodies.company(company, last_modified=LATER + number))
    while reading.read_some().looked_at:
        pass
    event = office.event()
    assert (event.times, event.last_modified) == (50, LATER + 49)
    office.work()
    assert office.amocrm.get("audit")["updated_items"] == 1


def test_company_without_a_seller_id_is_refused_with_a_note(office: Office) -> None:
    company = office.company()
    office.bring(REFRESH, bodies.company(company, action="add", last_modified=LATER))
    office.work()
    assert office.event().state == Event.State.REFUSED
    [note] = office.notes(Entity.COMPANIES, company)
    assert "не заполнено поле «ID продавца»" in note


def test_same_refusal_is_not_told_again_by_a_mere_edit(office: Office) -> None:
    company = office.company()
    for number in range(3):
        office.bring(REFRESH, bodies.company(company, last_modified=LATER + number))
        office.work()
    assert len(office.notes(Entity.COMPANIES, company)) == 1


def test_seller_that_does_not_exist_is_refused(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=NOBODY)
    office.bring(REFRESH, bodies.company(company, last_modified=LATER))
    office.work()
    assert office.event().state == Event.State.REFUSED
    assert not Company.objects.exists()


def test_second_company_of_a_seller_is_left_as_it_is(office: Office) -> None:
    first = office.company(AMONITION_SELLER_ID=OTHER_SELLER)
    office.bring(REFRESH, bodies.company(first, last_modified=LATER))
    office.work()
    second = office.company(AMONITION_SELLER_ID=OTHER_SELLER)
    before = office.shown(second)
    office.bring(REFRESH, bodies.company(second, last_modified=LATER))
    office.work()
    assert office.shown(second) | {"notes": 0} == before | {"notes": 0}
    assert CompanyDuplicate.objects.get().company_id == str(second)
    [note] = office.notes(Entity.COMPANIES, second)
    assert "уже есть другая компания" in note


def test_service_that_is_away_is_no_reason_to_write_zeros(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.offers.settings(away=True)
    office.bring(REFRESH, bodies.company(company, last_modified=LATER))
    office.work()
    event = office.event()
    assert (event.state, event.attempts, event.error) == ("waiting", 1, "TransientError")
    assert office.amocrm.get("audit")["updated_items"] == 0
    office.offers.settings(away=False)
    office.hurry()
    office.work()
    assert office.event().state == Event.State.DONE


def test_event_that_fails_for_ever_dies_with_its_error(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.offers.settings(away=True)
    office.bring(REFRESH, bodies.company(company, last_modified=LATER))
    for _ in range(10):
        office.hurry()
        office.work()
    event = office.event()
    assert (event.state, event.error, event.attempts) == ("dead", "TransientError", 8)


def test_bodies_wait_in_redis_and_are_loaded_once(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    request = inbox.Request(uuid4(), REFRESH, bodies.company(company, last_modified=LATER), {})
    entry = inbox.spool_entry(request)
    assert spool.push(request.id, entry)
    assert spool.push(request.id, entry)
    assert inbox.load_spool(most=10) == 2
    assert Delivery.objects.get().pk == request.id
    office.work()
    assert office.event().state == Event.State.DONE
