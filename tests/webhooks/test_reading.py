"""From requests to events: what a body is taken for, and readers that meet or die."""

from typing import Any

import pytest
from pytest_django import Settings

from companies import own_writes
from tests.webhooks import bodies
from tests.webhooks.bodies import ACCOUNT_ID
from tests.webhooks.rows import attempt, make_due, read_all, seller_of, stored, verdicts
from webhooks import reading
from webhooks.models import Delivery, Door, Event

REFRESH, FEED, LEAD = Door.COMPANY_REFRESH, Door.COMPANY_FEED, Door.LEAD_STATUS
STORED, READ, INVALID = Delivery.State.STORED, Delivery.State.READ, Delivery.State.INVALID
CREATED = 1_700_000_000  # amoCRM's time of our last write, or of a company's creation
FEED_URL = "https://shop.example.net/feed.xml"
# A person's edits, of companies or leads 1, 2, 3: the smallest bodies that become events.
LEADS = [bodies.lead(number, status=(1, 2), last_modified=CREATED) for number in range(1, 4)]


@pytest.fixture(autouse=True)
def account(settings: Settings) -> None:
    """Ours; nothing waits for echoes unless a test wants it."""
    settings.AMOCRM_ACCOUNT_ID = ACCOUNT_ID
    settings.AMOCRM_URL = "https://emulator.amocrm.ru"
    settings.WEBHOOK_ECHO_WAIT = 0
    settings.WEBHOOK_REFRESH_GAP = 0


def _company(company_id: int, moment: int | None, **fields: str) -> dict[str, Any]:
    """One item among the contacts."""
    return {
        "id": company_id,
        "date_create": CREATED,
        "last_modified": moment,
        "type": "company",
        "custom_fields": bodies.custom_fields(fields),
    }


def _of_attempt(token: object, moment: int = CREATED) -> bytes:
    """A company that carries the token of a create attempt."""
    fields = {"AMONITION_ATTEMPT": str(token).replace("-", "")}
    return bodies.company(7, action="add", last_modified=moment, fields=fields, date_create=CREATED)


def _states() -> list[str]:
    return list(Delivery.objects.order_by("received_at").values_list("state", flat=True))


# What a body is taken for


@pytest.mark.django_db
def test_body_may_hold_several_cards_kinds_and_actions() -> None:
    contact = {"id": 9, "type": "contact", "last_modified": CREATED}
    body = bodies.body(
        contacts={
            "update": [_company(1, CREATED), contact, _company(2, CREATED)],
            "add": [_company(3, CREATED)],
            "delete": [_company(4, CREATED)],
        },
        leads={"status": [{"id": 5, "status_id": 1}], "add": [{"id": 6}]},
    )
    for door in (LEAD, REFRESH):
        stored(door, body)
    read_all()
    found = Event.objects.order_by("pk").values_list("door", "entity", "action", "entity_id")
    assert list(found) == [
        (LEAD, "lead", "status", 5),
        (LEAD, "lead", "add", 6),
        (REFRESH, "company", "update", 1),
        (REFRESH, "company", "update", 2),
        (REFRESH, "company", "add", 3),
    ]
    # Beside the contact: at one door five company's, at the other two leads' and a deletion.
    assert verdicts() == {"request": 5, "unknown": 1 + 4 + 1 + 2 + 1}


@pytest.mark.django_db
def test_cards_are_read_in_the_order_of_their_arrival() -> None:
    for number, body in enumerate(reversed(LEADS)):
        stored(LEAD, body, age=10.0 - number)
    read_all()
    events = Event.objects.order_by("pk")
    assert list(events.values_list("entity_id", flat=True)) == [3, 2, 1]
    ages = [(one.not_before - one.received_at).total_seconds() for one in events]
    assert ages == pytest.approx([10, 9, 8], abs=1)


@pytest.mark.django_db
def test_what_is_said_of_one_company_becomes_one_event() -> None:
    items = [_company(1, CREATED + 5), _company(2, CREATED), _company(1, None)]
    stored(REFRESH, bodies.body(contacts={"update": items}))
    stored(REFRESH, bodies.company(1, last_modified=CREATED + 9))
    read_all()
    first, second = Event.objects.order_by("entity_id")
    assert (first.times, first.last_modified, first.by_button) == (3, CREATED + 9, True)
    assert (second.times, second.by_button) == (1, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bodies.body(account={"id": 7}, leads={"add": [{"id": 1}]}), "Чужой аккаунт: ID 7"),
        (b"leads[add][0][id]=1&account[subdomain]=other", "Чужой аккаунт: other"),
        (b"leads[add][0][id]=1", "Чужой аккаунт: не назван"),
        (b"leads[add][0][id]=1&account=emulator", "Чужой аккаунт: не назван"),
        (b"leads[add][0][id]=1&account[id]=29000001%00", "нулевой символ"),
        (b"&" * 65_536, "больше 65536 полей"),
        (bodies.body(), "нет событий"),
        (bodies.body(leads={"add": [{"name": "без ID"}]}), "нет событий"),
        (b'{"leads": {"add": [{"id": 1}]}}', "Чужой аккаунт"),
        (b"\xff\xfe", "Чужой аккаунт"),
        (b"", "Чужой аккаунт"),
    ],
)
def test_body_that_is_not_for_us_is_kept_with_its_reason(body: bytes, reason: str) -> None:
    stored(LEAD, body)
    read_all()
    delivery = Delivery.objects.get()
    assert delivery.state == INVALID
    assert reason in delivery.reason
    assert bytes(delivery.body) == body
    assert not Event.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("account_id", [ACCOUNT_ID, 0])
def test_old_body_is_known_by_the_subdomain(settings: Settings, account_id: int) -> None:
    settings.AMOCRM_ACCOUNT_ID = account_id
    stored(LEAD, b"leads[add][0][id]=1&account[subdomain]=Emulator")
    read_all()
    assert _states() == [READ]


@pytest.mark.django_db
def test_account_number_beats_the_subdomain() -> None:
    stored(
        LEAD, bodies.body(account={"subdomain": "emulator", "id": 7}, leads={"add": [{"id": 1}]})
    )
    read_all()
    assert _states() == [INVALID]


@pytest.mark.django_db
def test_kinds_that_nobody_knows_are_kept_and_counted() -> None:
    word = "слово" * 10  # longer than an entity that we would keep
    stored(
        REFRESH, bodies.body(tasks={"add": [{"id": 1}, {"id": 2}]}, **{word: {word: [{"id": 3}]}})
    )
    stored(FEED, bodies.body(contacts={"restore": [_company(1, CREATED)]}))
    read_all()
    assert _states() == [READ, READ]
    assert verdicts() == {"unknown": 4}
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_edit_that_asks_for_no_feed_is_not_kept() -> None:
    stored(FEED, bodies.company(1, last_modified=CREATED))
    read_all()
    assert verdicts() == {"nothing": 1}
    assert _states() == []


# Our own writes


@pytest.mark.django_db
def test_echo_and_a_persons_edit_in_one_body_are_told_apart() -> None:
    for company in (1, 2, 3):
        seller_of(company, confirmed=CREATED)
    items = [_company(1, CREATED), _company(2, CREATED + 1), _company(3, CREATED - 1)]
    stored(REFRESH, bodies.body(contacts={"update": items}))
    read_all()
    assert Event.objects.get().entity_id == 2
    assert verdicts() == {"echo": 2, "request": 1}
    assert _states() == [READ]


@pytest.mark.django_db
def test_body_of_nothing_but_echo_is_not_kept() -> None:
    seller_of(1, confirmed=CREATED)
    stored(REFRESH, bodies.company(1, last_modified=CREATED))
    stored(FEED, bodies.company(1, last_modified=CREATED))
    read_all()
    assert (_states(), Event.objects.count()) == ([], 0)
    assert verdicts() == {"echo": 1, "nothing": 1}


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["update", "restore"])
def test_button_and_restoring_are_nobodys_echo(action: str) -> None:
    seller_of(1, confirmed=CREATED)
    moment = None if action == "update" else CREATED
    stored(REFRESH, bodies.company(1, action=action, last_modified=moment))
    read_all()
    assert Event.objects.get().by_button == (moment is None)


@pytest.mark.django_db
def test_wish_for_a_feed_is_read_in_our_own_echo_until_it_was_handled() -> None:
    seller_of(1, confirmed=CREATED)
    body = bodies.company(1, last_modified=CREATED, fields={"AMONITION_FEED_REQUEST": FEED_URL})
    stored(FEED, body)
    read_all()
    assert verdicts() == {"request": 1}
    Event.objects.update(state=Event.State.REFUSED, subject=FEED_URL)
    stored(FEED, body)
    read_all()
    assert verdicts() == {"request": 1, "echo": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(("later", "events"), [(0, 0), (1, 1)])
def test_change_waits_while_a_write_of_ours_is_on_its_way(later: int, events: int) -> None:
    seller_of(1, confirmed=CREATED - 100)
    write = own_writes.begin(companies=[1, 2])
    stored(REFRESH, bodies.company(1, last_modified=CREATED + later))
    for _ in range(3):
        make_due()
        found = reading.read_some()
        assert (found.looked_at, found.postponed) == (1, 1)
    assert reading.read_some().looked_at == 0, "it is looked at again after a moment"
    assert (_states(), Event.objects.count(), verdicts()) == ([STORED], 0, {})
    own_writes.finish(write=write, updated_at=CREATED)
    make_due()
    read_all()
    assert Event.objects.count() == events
    assert _states() == [READ] * events


@pytest.mark.django_db
def test_write_that_is_never_confirmed_makes_nobody_wait_for_ever() -> None:
    own_writes.begin(companies=[1])
    stored(REFRESH, bodies.company(1, last_modified=CREATED), age=reading.PATIENCE_SECONDS - 5)
    assert reading.read_some().postponed == 1
    Delivery.objects.update(received_at="2000-01-01T00:00Z")
    make_due()
    read_all()
    assert Event.objects.count() == 1
    assert verdicts() == {"later": 1}


@pytest.mark.django_db
def test_write_that_did_not_happen_is_no_reason_to_wait() -> None:
    seller_of(1, confirmed=CREATED)
    own_writes.forget(writes=[own_writes.begin(companies=[1])])
    stored(REFRESH, bodies.company(1, last_modified=CREATED + 1))
    read_all()
    assert Event.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("unsettled", ["p", "s"])
@pytest.mark.parametrize("settled", ["d", "r"])
def test_company_of_our_own_creating_waits_and_is_dropped(unsettled: str, settled: str) -> None:
    sent = attempt(unsettled)
    stored(REFRESH, _of_attempt(sent.pk))
    assert reading.read_some().postponed == 1
    sent.state = settled
    sent.save()
    make_due()
    read_all()
    assert (_states(), Event.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_persons_edit_of_a_company_of_our_creating_is_handled() -> None:
    stored(REFRESH, _of_attempt(attempt("d").pk, CREATED + 1))
    read_all()
    assert Event.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "x" * 32, "0" * 32, "'; DROP TABLE companies; --"])
def test_token_of_nobody_is_a_persons(token: str) -> None:
    stored(REFRESH, _of_attempt(token))
    read_all()
    assert Event.objects.count() == 1
