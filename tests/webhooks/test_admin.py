"""The admin's pages of what amoCRM sent and what became of it."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from operations.models import AuditEntry
from tests.statement_counter import counted
from tests.webhooks import bodies
from webhooks.models import Delivery, Door, Event, Note, SubscriptionWatch, Transfer
from webhooks.selectors import LONGEST_RAW, MOST_LINES

pytestmark = pytest.mark.django_db
DELIVERIES = "/admin/webhooks/delivery/"
EVENTS = "/admin/webhooks/event/"
TRANSFERS = "/admin/webhooks/transfer/"
NOTES = "/admin/webhooks/note/"
SUBSCRIPTIONS = "/admin/webhooks/subscriptionwatch/"
PHONE = "+79123456789"
SHOWN_ROWS = 50


@pytest.fixture(autouse=True)
def account(settings: Settings) -> None:
    settings.AMOCRM_URL = "https://shop.amocrm.ru"


@pytest.fixture
def operator(db: None) -> Client:
    """Somebody who may do everything; without a password, whose hash takes longer than the test."""
    client = Client()
    client.force_login(User.objects.create(username="olga", is_staff=True, is_superuser=True))
    return client


def viewer(*codenames: str) -> Client:
    """Somebody with these permissions of webhooks."""
    user = User.objects.create(username="boris", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def delivery(body: bytes = b"", **values: object) -> Delivery:
    given: dict[str, object] = {
        "door": Door.COMPANY_REFRESH,
        "state": Delivery.State.READ,
        "digest": uuid.uuid4().bytes,
    }
    return Delivery.objects.create(id=uuid.uuid4(), body=body, **given | values)


def event(number: int = 7_001, **values: object) -> Event:
    given = {"door": Door.COMPANY_REFRESH, "entity": "company", "action": "update"} | values
    return Event.objects.create(entity_id=number, **given)


def transfer(**values: object) -> Transfer:
    given: dict[str, object] = {
        "lead_id": 31,
        "ordinal": 1,
        "state": Transfer.State.ACCEPTED,
        "profile_url": "https://www.avito.ru/user/abc/profile",
        "phone": PHONE,
        "idempotency_key": uuid.uuid4().hex,
        "transfer_id": "tr-1",
    }
    return Transfer.objects.create(**given | values)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, path: str, action: str, rows: Sequence[object]) -> int:
    given = {"action": action, "_selected_action": [str(row) for row in rows]}
    return client.post(path, given).status_code


def test_request_is_shown_as_it_is_understood_and_as_it_came(operator: Client) -> None:
    body = bodies.company(7_001, last_modified=1_700_000_000, fields={"SELLER": "s7"})
    stored = delivery(body)
    born = event(delivery=stored)
    shown = page(operator, f"{DELIVERIES}{stored.pk}/change/")
    assert "<bdi>7001</bdi>" in shown
    assert "<bdi>s7</bdi>" in shown
    assert "contacts%5Bupdate%5D" in shown
    assert f"{EVENTS}{born.pk}/change/" in shown


def test_list_says_why_a_request_is_invalid_and_how_big_it_is(operator: Client) -> None:
    reason = "Чужой аккаунт: ID 5, а AMOCRM_ACCOUNT_ID=6"
    delivery(b"x" * 1_234, state=Delivery.State.INVALID, reason=reason)
    shown = page(operator, f"{DELIVERIES}?state__exact=invalid")
    assert reason in shown
    assert "1\xa0234 Б" in shown


def test_list_reads_no_bodies(operator: Client) -> None:
    delivery(b"a=1")
    with counted() as counter:
        page(operator, DELIVERIES)
    reads = [sql for sql in counter.statements if 'FROM "webhooks_delivery"' in sql]
    assert reads
    assert not [sql for sql in reads if '"webhooks_delivery"."body",' in sql]


@pytest.mark.parametrize(
    "body",
    [
        b"<script>alert(1)</script>=<script>alert(2)</script>",
        b"a[%3Cscript%3E]=%3Cscript%3Ealert(1)%3C/script%3E",
        b"a[0][note]=%22%3E%3C/pre%3E%3C/bdi%3E%3Cscript%3E",
    ],
)
def test_body_is_never_markup(operator: Client, body: bytes) -> None:
    harmless = page(operator, f"{DELIVERIES}{delivery(b'a=1').pk}/change/")
    hostile = page(operator, f"{DELIVERIES}{delivery(body).pk}/change/")
    assert hostile.count("<script") == harmless.count("<script")
    assert "&lt;script&gt;" in hostile


def test_what_a_page_would_hide_is_shown_as_its_escape(operator: Client) -> None:
    stored = delivery("name=тень\u202eкош\x07".encode())
    assert "тень\\u202eкош\\x07" in page(operator, f"{DELIVERIES}{stored.pk}/change/")


def test_body_without_sense_is_shown_with_the_reason(operator: Client) -> None:
    stored = delivery(b"a=1%00", state=Delivery.State.INVALID)
    shown = page(operator, f"{DELIVERIES}{stored.pk}/change/")
    assert "Не разбирается: В теле есть нулевой символ" in shown
    assert "a=1%00" in shown


def test_flaws_are_told(operator: Client) -> None:
    shown = page(operator, f"{DELIVERIES}{delivery(b'a=1&b]=2').pk}/change/")
    assert "Имена с ошибкой в скобках: пропущены: 1" in shown


def test_page_of_a_huge_body_is_no_huge_page(operator: Client) -> None:
    huge = b"&".join(b"leads[status][%d][id]=%b" % (n, b"9" * 40) for n in range(30_000))
    shown = page(operator, f"{DELIVERIES}{delivery(huge).pk}/change/")
    assert shown.count("<bdi>") < MOST_LINES
    assert shown.count("Показано только начало") == 2
    assert len(shown) < 200 * MOST_LINES + 2 * LONGEST_RAW


def test_request_is_read_again_and_the_journal_says_who_wanted_it(operator: Client) -> None:
    stored = delivery(bodies.company(1), state=Delivery.State.INVALID)
    other = delivery(bodies.company(2), state=Delivery.State.INVALID)
    assert press(operator, DELIVERIES, "read_again", [stored.pk]) == 302
    stored.refresh_from_db()
    other.refresh_from_db()
    assert (stored.state, other.state) == (Delivery.State.STORED, Delivery.State.INVALID)
    assert [(entry.who, entry.action) for entry in AuditEntry.objects.all()] == [
        ("olga", "webhooks_reread")
    ]


def test_of_equal_requests_one_is_read_again(operator: Client) -> None:
    given = {"digest": b"0" * 16, "state": Delivery.State.INVALID}
    twins = [delivery(b"a=1", **given) for _ in range(2)]
    assert press(operator, DELIVERIES, "read_again", [twin.pk for twin in twins]) == 302
    assert Delivery.objects.filter(state=Delivery.State.STORED).count() == 1
    assert press(operator, DELIVERIES, "read_again", [twin.pk for twin in twins]) == 302
    assert Delivery.objects.filter(state=Delivery.State.STORED).count() == 1


def test_of_a_companys_events_the_newest_is_handled_again(operator: Client) -> None:
    dead = [event(7_001, state=Event.State.DEAD) for _ in range(2)]
    leads = [event(31, door=Door.LEAD_STATUS, state=Event.State.DEAD) for _ in range(2)]
    assert press(operator, EVENTS, "handle_again", [row.pk for row in dead + leads]) == 302
    waiting = Event.objects.filter(state=Event.State.WAITING).values_list("pk", flat=True)
    assert set(waiting) == {dead[1].pk, leads[0].pk, leads[1].pk}


def test_who_may_only_look_sees_no_body_and_has_no_button() -> None:
    client = viewer("view_delivery", "view_event")
    stored = delivery(b"phone=secret-of-a-customer", state=Delivery.State.INVALID)
    dead = event(delivery=stored, state=Event.State.DEAD, item={"phone": "secret-of-a-customer"})
    for path in (f"{DELIVERIES}{stored.pk}/change/", f"{EVENTS}{dead.pk}/change/"):
        assert "secret-of-a-customer" not in page(client, path)
    press(client, DELIVERIES, "read_again", [stored.pk])
    press(client, EVENTS, "handle_again", [dead.pk])
    stored.refresh_from_db()
    dead.refresh_from_db()
    assert (stored.state, dead.state) == (Delivery.State.INVALID, Event.State.DEAD)


def test_event_leads_to_the_card_the_request_and_the_transfer(operator: Client) -> None:
    stored = delivery(bodies.lead(31, status=(1, 2)))
    moved = event(
        31, door=Door.LEAD_STATUS, entity="lead", action="status", delivery=stored,
        item={"status_id": "142"},
    )  # fmt: skip
    made = transfer(event=moved)
    Note.objects.create(event=moved, entity="lead", entity_id=31, text="Передан", state="done")
    assert "https://shop.amocrm.ru/leads/detail/31" in page(operator, EVENTS)
    shown = page(operator, f"{EVENTS}{moved.pk}/change/")
    assert f"{DELIVERIES}{stored.pk}/change/" in shown
    assert f"{TRANSFERS}{made.pk}/change/" in shown
    assert "<bdi>142</bdi>" in shown
    assert "оставлено" in shown


def test_company_leads_to_its_card(operator: Client) -> None:
    event(7_001, reason="Обновлена", times=1_000)
    shown = page(operator, EVENTS)
    assert "https://shop.amocrm.ru/companies/detail/7001" in shown
    assert "×1000" in shown


@pytest.mark.parametrize(
    "search", ["7001", " 7001 ", "https://shop.amocrm.ru/companies/detail/7001"]
)
def test_event_is_found_by_its_card(operator: Client, search: str) -> None:
    event(7_001)
    event(7_002)
    shown = page(operator, f"{EVENTS}?q={search}")
    assert "/companies/detail/7001" in shown
    assert "/companies/detail/7002" not in shown


def test_event_is_found_by_its_own_number(operator: Client) -> None:
    event(7_001)
    wanted = event(7_002)
    shown = page(operator, f"{EVENTS}?q={wanted.pk}")
    assert "/companies/detail/7002" in shown
    assert "/companies/detail/7001" not in shown


@pytest.mark.parametrize(
    "search", ["29007", "x", "0", "9" * 19, "9" * 400, "２９００７００１", "-29007001"]
)
def test_anything_else_finds_nothing(operator: Client, search: str) -> None:
    event(29_007_001)
    assert "/companies/detail/" not in page(operator, f"{EVENTS}?q={search}")


def test_events_are_filtered_by_the_error_they_died_of(operator: Client) -> None:
    event(7_001, state=Event.State.DEAD, error="TransientError")
    event(7_002, state=Event.State.DEAD, error="AuthError")
    event(7_003, state=Event.State.DONE)
    shown = page(operator, f"{EVENTS}?error=AuthError")
    assert "TransientError (1)" in shown
    assert "/companies/detail/7002" in shown
    assert "/companies/detail/7001" not in shown
    assert "/companies/detail/7003" not in shown


@pytest.mark.parametrize(
    "given", ["state__exact=dead", "door__exact=company-feed", "by_button__exact=1"]
)
def test_events_are_filtered(operator: Client, given: str) -> None:
    event(7_001, state=Event.State.DEAD, door=Door.COMPANY_FEED, by_button=True)
    event(7_002)
    shown = page(operator, f"{EVENTS}?{given}")
    assert "/companies/detail/7001" in shown
    assert "/companies/detail/7002" not in shown


def test_event_is_handled_again_and_the_journal_says_who_wanted_it(operator: Client) -> None:
    dead, working = event(1, state=Event.State.DEAD), event(2, state=Event.State.WORKING)
    assert press(operator, EVENTS, "handle_again", [dead.pk, working.pk]) == 302
    assert "снова: 1, не тронуто: 1" in page(operator, EVENTS)
    dead.refresh_from_db()
    working.refresh_from_db()
    assert (dead.state, working.state) == (Event.State.WAITING, Event.State.WORKING)
    entry = AuditEntry.objects.get()
    assert (entry.who, entry.action) == ("olga", "webhooks_replay")


@pytest.mark.parametrize("path", [TRANSFERS, f"{TRANSFERS}{{}}/change/"])
def test_of_a_phone_only_its_end_is_shown(operator: Client, path: str) -> None:
    shown = page(operator, path.format(transfer().pk))
    assert "***89" in shown
    assert "9123456" not in shown


def test_transfer_is_found_by_its_lead(operator: Client) -> None:
    transfer()
    transfer(lead_id=32, state=Transfer.State.UNKNOWN)
    shown = page(operator, f"{TRANSFERS}?q=https://shop.amocrm.ru/leads/detail/32")
    assert "ответ потерян" in shown
    assert "/leads/detail/31" not in shown


def test_address_that_is_no_address_is_no_link(operator: Client) -> None:
    transfer(profile_url="javascript:alert(1)")
    assert 'href="javascript' not in page(operator, TRANSFERS)


@pytest.mark.parametrize("path", [NOTES, f"{NOTES}{{}}/change/"])
def test_note_is_shown_without_the_phone(operator: Client, path: str) -> None:
    text = f"Профиль передан на перенос: телефон {PHONE}"
    note = Note.objects.create(event=event(), entity="company", entity_id=7_001, text=text)
    shown = page(operator, path.format(note.pk))
    assert "телефон ***89" in shown
    assert "9123456" not in shown


def test_note_is_found_by_its_card(operator: Client) -> None:
    for number in (7_001, 7_002):
        made = event(number)
        Note.objects.create(event=made, entity="company", entity_id=number, text="Обновлено")
    shown = page(operator, f"{NOTES}?q=7002")
    assert "/companies/detail/7002" in shown
    assert "/companies/detail/7001" not in shown


def test_pages_are_titled_in_russian_and_in_the_admins_time(
    operator: Client, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Yekaterinburg"
    came = delivery(received_at=datetime(2026, 11, 22, 20, 30, tzinfo=UTC))
    made = event()
    note = Note.objects.create(event=made, entity="company", entity_id=7_001, text="Обновлено")
    titled = page(operator, f"{DELIVERIES}{came.pk}/change/")
    assert "обновление компании 23.11.2026 01:30:00" in titled
    assert "22.11.2026 20:30:00 UTC" in titled  # what is pointed at
    assert f"Примечание к событию {made.pk}" in page(operator, f"{NOTES}{note.pk}/change/")


def test_subscriptions_are_shown_with_what_is_to_be_read(operator: Client) -> None:
    good, gap = datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)
    SubscriptionWatch.objects.create(door=Door.LEAD_STATUS, good_at=good, gap_from=gap)
    SubscriptionWatch.objects.create(door=Door.COMPANY_FEED, good_at=good)
    for path in (SUBSCRIPTIONS, f"{SUBSCRIPTIONS}lead-status/change/"):
        shown = page(operator, path)
        assert "этап сделки" in shown
        assert "22.11.2026 12:00:00" in shown
        assert "22.11.2026 11:00:00" in shown
    assert operator.get(f"{SUBSCRIPTIONS}add/").status_code == 403


def test_nothing_is_changed_by_hand(operator: Client) -> None:
    rows = {DELIVERIES: delivery().pk, EVENTS: event().pk, TRANSFERS: transfer().pk}
    for path, key in rows.items():
        assert operator.get(f"{path}add/").status_code == 403
        assert "_save" not in page(operator, f"{path}{key}/change/")
        assert operator.post(f"{path}{key}/change/", {"state": "done"}).status_code == 403


@pytest.mark.parametrize("path", [DELIVERIES, EVENTS])
def test_list_speaks_russian_and_offers_no_counting(operator: Client, path: str) -> None:
    fill(range(2))
    shown = page(operator, path)
    assert "Выберите действие" in shown
    assert ">Select action<" not in shown
    assert "_facets" not in shown


def fill(numbers: range) -> None:
    for number in numbers:
        stored = delivery(b"a=1")
        made = event(number, delivery=stored)
        Note.objects.create(event=made, entity="company", entity_id=number, text="Обновлено")
        transfer(lead_id=number, event=made)


@pytest.mark.parametrize("path", [DELIVERIES, EVENTS, TRANSFERS, NOTES])
def test_list_costs_the_same_however_many_rows_it_shows(operator: Client, path: str) -> None:
    fill(range(2))
    with counted() as few:
        page(operator, path)
    fill(range(2, SHOWN_ROWS))
    with counted() as many:
        page(operator, path)
    assert len(many.statements) == len(few.statements) <= 9


def test_page_of_an_event_costs_a_handful_of_statements(operator: Client) -> None:
    fill(range(3))
    with counted() as counter:
        page(operator, f"{EVENTS}{Event.objects.order_by('pk')[0].pk}/change/")
    assert len(counter.statements) <= 9
