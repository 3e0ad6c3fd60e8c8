"""The admin's pages of organizations."""

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ads.shards import use_shard
from organizations import history
from organizations.actors import Actor
from organizations.models import (
    BannerPermalink,
    CampaignChange,
    StatusDeadLetter,
    StatusSeen,
    StatusTopic,
)
from organizations.wishes import NOTHING
from organizations.wishes import Linked as Link
from tests import sharded
from tests.clients.directory.conftest import Emulated
from tests.organizations.admin.conftest import NUMBER, ONE, OTHER, Linked, staff
from tests.organizations.shard_away import away
from tests.organizations.status_events import happened
from tests.sharded import DATABASES, committed_on_shards, on_shards

LOOK = "/admin/organizations/"
CHANGES = "/admin/organizations/changes/"
EVENTS = "/admin/organizations/events/"


def opened(browser: Client, page: str, **query: Any) -> str:
    answer = browser.get(page, query)
    assert answer.status_code == 200
    return answer.content.decode()


def change(row: Linked, **values: object) -> CampaignChange:
    given = {"actor": "Ольга", "to_permalink": ONE, "propagates": True, "asked_at": timezone.now()}
    with use_shard(row.shard):
        return CampaignChange.objects.create(
            client_id=row.client_id, cid=row.cid, **(given | values)
        )


@on_shards
def test_an_organization_is_shown_with_everything_it_is_linked_to_on_every_shard(
    browser: Client, linked: list[Linked]
) -> None:
    page = opened(browser, LOOK, permalink=ONE)
    for row in linked:
        assert f"?client={row.client_id}" in page
        assert f"?bid={row.bid}" in page
        assert str(row.cid) in page
    assert page.count("опубликована") == 2
    assert page.count("ждёт модерации") == 2
    assert "Спросить Справочник" in page
    assert "…67" in page
    assert NUMBER not in page


@on_shards
def test_the_last_event_of_an_organization_is_shown_by_shard(
    browser: Client, linked: list[Linked]
) -> None:
    with use_shard(2):
        StatusSeen.objects.create(
            permalink=ONE, event_ts=timezone.now(), event_offset=1, published=False
        )
    assert opened(browser, LOOK, permalink=ONE).count("снята с публикации") == 1


@on_shards
def test_a_client_is_shown_with_links_history_and_changes(
    browser: Client, linked: list[Linked]
) -> None:
    row, stranger = linked
    after = Link(ONE, 0, row.client_id, prefer_vcard=False)
    with use_shard(row.shard):
        history.changed(
            client_id=row.client_id, cid=row.cid, bid=row.bid, actor=Actor("Ольга", 77),
            before=NOTHING, after=after,
        )  # fmt: skip
        history.rejected(
            client_id=row.client_id, cid=row.cid, bid=row.bid, actor=Actor("Борис"), permalink=OTHER
        )
    change(row, state="failed", reason="Привязки изменились")
    page = opened(browser, LOOK, client=row.client_id)
    assert "— → <a" in page
    assert "Ольга (uid 77)" in page
    assert "рекомендация отклонена" in page
    assert "Привязки изменились" in page
    assert f"?bid={row.bid}" in page
    assert f"?bid={stranger.bid}" not in page


@on_shards
def test_a_banner_is_shown_with_automatic_links_and_queues(
    browser: Client, linked: list[Linked]
) -> None:
    page = opened(browser, LOOK, bid=linked[1].bid)
    assert f"?permalink={ONE}" in page
    assert f"?permalink={OTHER}" in page
    assert "вручную" in page
    assert "автоматически" in page
    assert page.count("organization_linked") == 2


@on_shards
@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"client": 999_999}, "Клиента 999999 нет ни на одном шарде"),
        ({"permalink": "abc"}, "Введите целое число"),
        ({"permalink": 2**63}, "меньше либо равно"),
        ({"bid": -1}, "больше либо равно 1"),
        ({"bid": 5}, "Организации баннера"),
    ],
)
def test_what_is_not_there_is_said(browser: Client, query: dict[str, object], says: str) -> None:
    assert says in opened(browser, LOOK, **query)


@on_shards
def test_open_changes_of_campaigns_come_before_those_that_ended(
    browser: Client, linked: list[Linked]
) -> None:
    change(linked[0], state="done", banners=120)
    change(linked[1], state="waiting")
    page = opened(browser, CHANGES)
    assert page.index("Ещё не закончены") < page.index("ждёт</span>") < page.index("Закончены")
    assert page.index("применено</span>") > page.index("Закончены")
    assert "120" in page


@on_shards
def test_events_are_shown_with_what_waits_for_each_shard(browser: Client, db: None) -> None:
    happened(ONE, published=False)
    happened(OTHER, published=True)
    StatusTopic.objects.create(name="sprav/altay")
    StatusDeadLetter.objects.create(
        source="sprav/altay", partition=0, event_offset=9, payload=b"?", reason="no JSON"
    )
    page = opened(browser, EVENTS)
    assert "sprav/altay" in page
    assert "no JSON" in page
    assert page.index(f"?permalink={OTHER}") < page.index(f"?permalink={ONE}")
    shards = page[page.index("Отставание шардов") : page.index("Последние события")]
    assert shards.count(">2</span>") == 2


@committed_on_shards
@pytest.mark.parametrize(
    ("page", "query"),
    [(LOOK, {"permalink": ONE}), (LOOK, {"bid": 5}), (CHANGES, {}), (EVENTS, {})],
)
def test_a_shard_that_is_away_is_said_and_the_other_shown(
    browser: Client, linked: list[Linked], page: str, query: dict[str, object]
) -> None:
    change(linked[1], state="waiting")
    with away("shard1"):
        shown = opened(browser, page, **query)
    assert "Шард 1 не ответил (OperationalError)" in shown
    assert "Шард 2" not in shown
    if "permalink" in query:
        assert f"?bid={linked[1].bid}" in shown


@on_shards
def test_a_page_asks_a_few_questions_however_much_is_linked(
    browser: Client, linked: list[Linked]
) -> None:
    few = statements(browser)
    with use_shard(1):
        for _ in range(5):
            more = sharded.banner(cid=linked[0].cid, shard=1)
            BannerPermalink.objects.create(bid=more, permalink=ONE, permalink_assign_type="manual")
    assert statements(browser) == few


def statements(browser: Client) -> int:
    """How many the organization's page takes, in all databases."""
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[alias])) for alias in DATABASES
        ]
        opened(browser, LOOK, permalink=ONE)
        return sum(map(len, captured))


@on_shards
@pytest.mark.requirement("R30")
def test_the_advertisers_view_is_fetched_when_asked_for(
    browser: Client, linked: list[Linked], emulated: Emulated
) -> None:
    opened(browser, LOOK, permalink=ONE)
    assert emulated.asked() == {}
    emulated.put(
        ONE, publishing_status="MOVED", names=[{"lang": "ru", "value": "Кафе", "kind": "main"}]
    )
    page = opened(browser, LOOK, permalink=ONE, preview=1)
    assert emulated.asked() == {"single": 1}
    assert "Кафе" in page
    assert "переехала" in page
    assert "Привязать нельзя: " in page


@on_shards
@pytest.mark.parametrize(
    ("url", "says"), [("", "Справочник не отвечает"), (None, "не знает такой организации")]
)
def test_a_view_that_cannot_be_had_is_said(
    browser: Client, emulated: Emulated, settings: Settings, url: str | None, says: str
) -> None:
    if url is not None:
        settings.DIRECTORY_URL = url
    assert says in opened(browser, LOOK, permalink=5, preview=1)


@on_shards
@pytest.mark.requirement("R61")
def test_support_finds_organizations_by_name(browser: Client, emulated: Emulated) -> None:
    emulated.put(7, names=[{"lang": "ru", "value": "Редкое <слово>", "kind": "main"}])
    page = opened(browser, LOOK, text="редкое")
    assert emulated.asked() == {"search": 1}
    assert "?permalink=7" in page
    assert "Редкое &lt;слово&gt;" in page


@on_shards
def test_a_search_without_the_directory_is_said(
    browser: Client, settings: Settings, emulated: Emulated
) -> None:
    settings.DIRECTORY_URL = ""
    assert "поиск по названию не работает" in opened(browser, LOOK, text="кафе")


@on_shards
@pytest.mark.parametrize("page", [LOOK, CHANGES, EVENTS])
def test_only_staff_with_the_permission_sees_a_page(page: str, db: None) -> None:
    assert staff().get(page).status_code == 403
    nobody = Client().get(page)
    assert (nobody.status_code, nobody["Location"]) == (302, f"/admin/login/?next={page}")
    customer = Client()
    customer.force_login(User.objects.create(username="customer"))
    assert customer.get(page).status_code == 302


@on_shards
def test_pages_are_looked_at_and_nothing_else(browser: Client) -> None:
    assert browser.post(LOOK).status_code == 405


@on_shards
def test_the_sidebar_shows_the_pages_that_one_may_see(db: None) -> None:
    page = opened(staff("view_campaignchange", "view_company"), "/admin/")
    assert f'href="{CHANGES}"' in page
    assert f'href="{EVENTS}"' not in page
    assert 'href="/admin/companies/company/"' in page
