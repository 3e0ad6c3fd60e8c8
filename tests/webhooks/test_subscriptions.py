"""Looking after our subscriptions, and reading what amoCRM did not tell meanwhile."""

import contextlib
from collections import Counter
from contextlib import closing
from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from clients.amocrm.webhooks import Webhook
from clients.pacing import Lane
from companies.fields import FEED_REQUEST, SELLER_ID
from crm.connection import pace, ready_client
from operations import leases
from operations.models import Alert
from tests.clients.scripted_server import ScriptedServer, reply
from tests.clients.talking import answering
from tests.crm.emulated import asked, asked_at_all
from tests.webhooks import bodies
from tests.webhooks.office import ELSEWHERE, SECRET, SELLER, TRANSFER, Office
from webhooks import catching_up, reading, subscriptions, tasks, watching
from webhooks.models import Delivery, Door, Event, SubscriptionWatch, Transfer

LEADS, REFRESH, FEED = Door.LEAD_STATUS, Door.COMPANY_REFRESH, Door.COMPANY_FEED
PREFIX = "http://127.0.0.1:1/webhooks/amocrm"  # nobody listens there
OTHER_SECRET = "a-newer-secret-of-32-characters-"
SUBSCRIBING, UNSUBSCRIBING = "POST /api/v4/webhooks", "DELETE /api/v4/webhooks"
LISTING = "GET /api/v4/companies"
SOMEBODY = "http://127.0.0.1:1/somebody-else/"
FEED_URL = "https://feeds.example.com/feed.xml"


@pytest.fixture(autouse=True)
def public(settings: Settings) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:1"


@pytest.fixture
def watched(office: Office) -> Office:
    """Everything is subscribed, and known to have been in order just now."""
    assert not subscriptions.check()
    return office


def url(door: Door, secret: str = SECRET) -> str:
    return f"{PREFIX}/{secret}/{door.value}/"


def present() -> dict[str, Webhook]:
    with closing(ready_client()) as client:
        return {webhook.url: webhook for webhook in client.webhooks.list(lane=Lane.BULK)}


def unsubscribe(*doors: Door) -> None:
    """A manager deletes them."""
    with closing(ready_client()) as client:
        for door in doors:
            client.webhooks.unsubscribe(url(door), lane=Lane.BULK)


def subscribe(door: Door, *events: str, secret: str = SECRET) -> None:
    with closing(ready_client()) as client:
        client.webhooks.subscribe(url(door, secret), events, lane=Lane.BULK)


def disable(office: Office, door: Door) -> None:
    office.amocrm.post("hooks/switch", {"destination": url(door), "disabled": True})


def told(door: Door) -> Counter[int]:
    """Of which cards the inbox was told at this door, and how often."""
    return Counter(Event.objects.filter(door=door).values_list("entity_id", flat=True))


def pass_time() -> None:
    """What was mended was mended an hour ago."""
    SubscriptionWatch.objects.update(mended_at=timezone.now() - timedelta(hours=1))


def last_seen(**ago: float) -> None:
    """So long ago everything was in order."""
    SubscriptionWatch.objects.update(good_at=timezone.now() - timedelta(**ago))


def requests(office: Office) -> Counter[str]:
    return Counter(office.amocrm.get("audit")["requests"])


def read_inbox() -> None:
    """Requests become events; nothing is handled."""
    Delivery.objects.update(due_at="2000-01-01T00:00Z")
    while reading.read_some().looked_at:
        pass


def alert() -> Alert:
    return Alert.objects.get()


def test_first_check_subscribes_and_has_missed_nothing(office: Office) -> None:
    office.company()
    office.lead()
    assert not subscriptions.check()
    assert {address: webhook.events for address, webhook in present().items()} == {
        url(LEADS): {"status_lead"},
        url(REFRESH): {"add_company", "update_company", "restore_company"},
        url(FEED): {"update_company"},
    }
    assert not Delivery.objects.exists()
    assert not Alert.objects.exists()
    assert not watching.gaps().exists()


def test_subscribed_addresses_open_the_doors(watched: Office) -> None:
    paths = [urlsplit(address).path for address in present()]
    assert [Client().post(path).status_code for path in paths] == [204, 204, 204]


@pytest.mark.parametrize("name", ["PUBLIC_URL", "WEBHOOK_SECRETS", "AMOCRM_URL"])
def test_nothing_is_asked_where_something_is_not_configured(
    office: Office, settings: Settings, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    before = asked_at_all(office.amocrm)
    setattr(settings, name, "")
    assert not subscriptions.check()
    assert asked_at_all(office.amocrm) == before
    assert not SubscriptionWatch.objects.exists()
    assert not caplog.records  # every ten minutes


def test_second_check_changes_nothing(watched: Office) -> None:
    before = requests(watched)
    tasks.check_subscriptions()
    after = requests(watched)
    assert after - before == Counter({"GET /api/v4/webhooks": 1})
    assert not Alert.objects.exists()


def test_nothing_is_checked_by_two_at_once(office: Office) -> None:
    before = asked_at_all(office.amocrm)
    with leases.held(name=subscriptions.LEASE, seconds=60):
        assert not subscriptions.check()
    assert asked_at_all(office.amocrm) == before


def test_disabled_one_is_enabled_told_and_recovered(watched: Office) -> None:
    disable(watched, FEED)
    subscriptions.check()
    assert not present()[url(FEED)].disabled
    assert alert().kind == Alert.Kind.WEBHOOKS_OFF
    assert alert().text.startswith("«загрузка фида»: отключена amoCRM. Подписаны заново")
    assert alert().recovered_at is None
    pass_time()
    subscriptions.check()
    assert alert().recovered_at is not None
    assert asked(watched.amocrm, SUBSCRIBING) == 4


def test_deleted_one_is_subscribed_again(watched: Office) -> None:
    unsubscribe(LEADS)
    subscriptions.check()
    assert url(LEADS) in present()
    assert "«этап сделки»: нет подписки" in alert().text


def test_one_with_too_few_events_is_set_right(watched: Office) -> None:
    subscribe(REFRESH, "add_company")
    subscriptions.check()
    assert present()[url(REFRESH)].events == subscriptions.EVENTS[REFRESH]
    assert "приходят не все события" in alert().text


def test_one_with_too_many_events_is_set_right_and_was_no_gap(watched: Office) -> None:
    subscribe(FEED, "update_company", "update_contact")
    subscriptions.check()
    assert present()[url(FEED)].events == subscriptions.EVENTS[FEED]
    assert not Alert.objects.exists()


def test_new_secret_is_subscribed_and_the_old_one_taken_out_without_a_gap(
    watched: Office, settings: Settings
) -> None:
    settings.WEBHOOK_SECRETS = [OTHER_SECRET, SECRET]
    subscriptions.check()
    assert set(present()) == {url(door, OTHER_SECRET) for door in Door}
    assert not Alert.objects.exists()
    assert not watching.gaps().exists()


def test_old_secret_that_no_longer_opens_was_a_gap(watched: Office, settings: Settings) -> None:
    settings.WEBHOOK_SECRETS = [OTHER_SECRET]
    subscriptions.check()
    assert set(present()) == {url(door, OTHER_SECRET) for door in Door}
    assert "нет подписки" in alert().text
    assert watching.gaps().exists()


def test_what_changed_in_a_gap_is_handled_as_ever(watched: Office) -> None:
    unsubscribe(*Door)
    lead, other = watched.lead(), watched.lead(status=ELSEWHERE)
    company = watched.company(**{SELLER_ID: SELLER})
    wish = watched.company(**{SELLER_ID: SELLER, FEED_REQUEST: FEED_URL})
    subscriptions.check()
    watched.work()
    assert watched.transfer().lead_id == lead
    assert watched.transfer().state == Transfer.State.ACCEPTED
    assert other not in told(LEADS)
    assert told(REFRESH) == Counter([company, wish])
    assert told(FEED) == Counter([wish])
    assert watched.shown(wish)["fields"].get(FEED_REQUEST) is None
    assert not Delivery.objects.exclude(state=Delivery.State.READ).exists()
    assert set(Delivery.objects.values_list("headers__User-Agent", flat=True)) == {
        "amonition-catch-up"
    }


def test_lead_that_left_the_status_in_a_gap_ends_its_visit(watched: Office) -> None:
    lead = watched.lead()
    watched.bring(LEADS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    watched.work()
    disable(watched, LEADS)
    watched.move(lead, ELSEWHERE)
    subscriptions.check()
    watched.work()
    assert watched.transfer().closed_at is not None


def test_only_the_broken_door_is_told(watched: Office) -> None:
    unsubscribe(FEED)
    wish = watched.company(**{SELLER_ID: SELLER, FEED_REQUEST: FEED_URL})
    subscriptions.check()
    watched.work()
    assert told(FEED) == Counter([wish])
    assert not told(REFRESH)


def test_company_that_asks_for_no_feed_is_not_brought_to_its_door(watched: Office) -> None:
    unsubscribe(FEED)
    watched.company()
    subscriptions.check()
    assert not Delivery.objects.exists()


def test_bodies_are_of_fifty_items_and_known_by_the_subdomain(
    watched: Office, settings: Settings
) -> None:
    settings.AMOCRM_ACCOUNT_ID = 0
    unsubscribe(REFRESH)
    companies = [watched.company() for _ in range(60)]
    subscriptions.check()
    assert Delivery.objects.count() == 2
    watched.work()
    assert told(REFRESH) == Counter(companies)


def test_our_own_writes_are_told_as_echo(watched: Office) -> None:
    company = watched.company(**{SELLER_ID: SELLER})
    watched.bring(REFRESH, bodies.company(company, last_modified=100))
    watched.work()  # writes the company
    writes = asked(watched.amocrm, "PATCH /api/v4/companies")
    unsubscribe(REFRESH)
    subscriptions.check()
    assert Delivery.objects.filter(state=Delivery.State.STORED).exists()
    watched.work()
    assert told(REFRESH) == Counter([company])
    assert asked(watched.amocrm, "PATCH /api/v4/companies") == writes


def test_failure_in_the_middle_is_gone_on_from(watched: Office) -> None:
    unsubscribe(REFRESH)
    made = watched.amocrm.post("companies", [{"name": "Магазин"} for _ in range(260)])["ids"]
    watched.amocrm.fault("status_before_commit", method="GET", path="/api/v4/companies", skip=1)
    before = asked(watched.amocrm, LISTING)
    assert not subscriptions.check()
    assert watching.gaps().exists()
    assert not subscriptions.check()
    assert asked(watched.amocrm, LISTING) - before == 3  # two pages, one of them twice
    read_inbox()
    assert told(REFRESH) == Counter(made)


def test_long_reading_leaves_the_queue_to_others_between_its_slices(
    watched: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "SLICE_SECONDS", 0.0)
    unsubscribe(REFRESH)
    made = watched.amocrm.post("companies", [{"name": "Магазин"} for _ in range(260)])["ids"]
    before = asked(watched.amocrm, LISTING)
    assert subscriptions.check()
    assert asked(watched.amocrm, LISTING) - before == 1
    assert not subscriptions.check()
    assert asked(watched.amocrm, LISTING) - before == 2
    read_inbox()
    assert told(REFRESH) == Counter(made)


def test_failing_amocrm_is_no_gap(watched: Office) -> None:
    watched.amocrm.fault("status_before_commit", method="GET", path="/api/v4/webhooks")
    assert not subscriptions.check()
    assert not watching.gaps().exists()
    assert not Alert.objects.exists()


def test_what_cannot_be_mended_is_told_and_stays_a_gap(watched: Office) -> None:
    unsubscribe(LEADS)
    lead = watched.lead()
    watched.amocrm.settings(is_admin=False)
    subscriptions.check()
    assert "Подписаться не удалось: amocrm POST /api/v4/webhooks: 403" in alert().text
    assert SECRET not in alert().text
    assert not Delivery.objects.exists()  # nothing is read before the door stands
    watched.amocrm.settings(is_admin=True)
    subscriptions.check()
    read_inbox()
    assert told(LEADS) == Counter([lead])


def test_secret_is_not_told_where_amocrm_quotes_our_address(
    office: Office, settings: Settings
) -> None:
    nothing = reply(b"", "204 No Content")
    said = reply(f'{{"detail":"destination {url(LEADS)} is no good"}}'.encode(), "400 Bad Request")
    with ScriptedServer((answering(nothing, said),), None) as server:
        settings.AMOCRM_URL = server.url
        pace().open(after_seconds=0)
        subscriptions.check()
    assert f"destination {PREFIX}/***/lead-status/ is no good" in alert().text
    assert SECRET not in alert().text


def test_failing_set_up_is_told(office: Office) -> None:
    office.amocrm.settings(is_admin=False)
    subscriptions.check()
    assert "Подписаться не удалось" in alert().text
    assert not watching.gaps().exists()


def test_what_lists_did_not_show_yet_is_read_by_the_next_check(watched: Office) -> None:
    unsubscribe(REFRESH)
    watched.amocrm.settings(index_lag_seconds=60)
    company = watched.company()
    subscriptions.check()
    read_inbox()
    assert not told(REFRESH)
    assert alert().recovered_at is None
    watched.amocrm.settings(index_lag_seconds=0)
    subscriptions.check()
    read_inbox()
    assert told(REFRESH) == Counter([company])


def test_what_was_told_is_not_told_again(watched: Office) -> None:
    company = watched.company(**{SELLER_ID: "99999999", FEED_REQUEST: FEED_URL})
    unsubscribe(FEED)
    for _ in range(3):
        subscriptions.check()
        watched.work()
    assert told(FEED) == Counter([company])
    watched.edit(company, **{FEED_REQUEST: f"{FEED_URL}?2"})
    Event.objects.update(last_modified=100)
    subscriptions.check()
    read_inbox()
    assert told(FEED) == Counter([company, company])


def test_gap_ends_when_it_was_read_long_enough_after_mending(watched: Office) -> None:
    disable(watched, REFRESH)
    subscriptions.check()
    subscriptions.check()
    assert watching.gaps().exists()
    assert alert().recovered_at is None
    pass_time()
    subscriptions.check()
    assert not watching.gaps().exists()
    last_seen(hours=1)
    subscriptions.check()  # another gap has nothing to do with when the first one was mended
    assert watching.gaps().exists()


def test_hour_in_which_we_were_away_is_read_without_an_alert(watched: Office) -> None:
    last_seen(hours=1)
    company = watched.company()
    subscriptions.check()
    read_inbox()
    assert told(REFRESH) == Counter([company])
    assert not Alert.objects.exists()


def test_check_that_is_a_little_late_is_no_gap(watched: Office) -> None:
    last_seen(minutes=15)
    subscriptions.check()
    assert not watching.gaps().exists()


def test_account_without_filters_is_read_until_the_gap_began(watched: Office) -> None:
    watched.amocrm.settings(filter_enabled=False)
    watched.amocrm.post("companies", [{"name": "Магазин"} for _ in range(260)])
    unsubscribe(REFRESH)
    ahead = timezone.now() + timedelta(minutes=30)
    SubscriptionWatch.objects.update(good_at=ahead)
    watched.amocrm.post("clock", {"advance": 3600})
    late = watched.company()
    before = asked(watched.amocrm, LISTING)
    subscriptions.check()
    read_inbox()
    assert told(REFRESH) == Counter([late])
    assert asked(watched.amocrm, LISTING) - before == 1


def test_list_in_another_order_is_not_trusted(watched: Office) -> None:
    for _ in range(9):
        watched.company()
        watched.amocrm.post("clock", {"advance": 1})
    unsubscribe(REFRESH)
    watched.amocrm.fault("shuffle", method="GET", path="/api/v4/companies")
    subscriptions.check()
    assert not Delivery.objects.exists()
    assert watching.gaps().exists()


@pytest.mark.parametrize(
    ("door", "reach"), [(FEED, watching.OVERLAP_OF_DISABLED), (LEADS, watching.OVERLAP)]
)
def test_gap_begins_before_the_last_good_check(
    watched: Office, door: Door, reach: timedelta
) -> None:
    good_at = SubscriptionWatch.objects.get(door=door).good_at
    disable(watched, FEED)
    unsubscribe(LEADS)
    watched.amocrm.settings(is_admin=False)
    subscriptions.check()
    assert SubscriptionWatch.objects.get(door=door).gap_from == good_at - reach


def test_gap_of_days_is_cut_and_told(watched: Office) -> None:
    last_seen(days=3)
    disable(watched, LEADS)
    watched.amocrm.fault("status_before_commit", method="GET", path="/api/v4/leads")
    subscriptions.check()
    gap = SubscriptionWatch.objects.get(door=LEADS)
    assert gap.gap_from is not None
    assert timezone.now() - gap.gap_from < timedelta(hours=24, minutes=1)
    assert alert().text.count("«этап сделки»: перерыв дольше суток") == 1
    subscriptions.check()
    assert alert().text.count("«этап сделки»: перерыв дольше суток") == 1


def test_too_many_cards_are_cut_and_told(watched: Office) -> None:
    disable(watched, REFRESH)
    watched.amocrm.fault("status_before_commit", method="GET", path="/api/v4/companies")
    subscriptions.check()
    SubscriptionWatch.objects.filter(door=REFRESH).update(page=catching_up.MOST_PAGES + 1)
    assert not subscriptions.check()
    assert "карточек изменено слишком много" in alert().text


def test_break_in_the_middle_of_a_reading_starts_it_anew(watched: Office) -> None:
    unsubscribe(REFRESH)
    watched.amocrm.fault("status_before_commit", method="GET", path="/api/v4/companies")
    subscriptions.check()
    before = SubscriptionWatch.objects.get(door=REFRESH).gap_from
    SubscriptionWatch.objects.filter(door=REFRESH).update(page=7)
    disable(watched, REFRESH)
    watched.amocrm.settings(is_admin=False)
    subscriptions.check()
    gap = SubscriptionWatch.objects.get(door=REFRESH)
    assert (gap.page, gap.gap_from, gap.mended_at) == (1, before, None)


def doctor(*words: str) -> str:
    """What the command says about webhooks."""
    printed = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("amocrm_doctor", *words, stdout=printed)
    return printed.getvalue().splitlines()[-1]


def test_doctor_tells_what_is_to_be_set(office: Office, settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    assert doctor().startswith("✗ вебхуки: PUBLIC_URL не задан")


def test_doctor_tells_what_is_missing_and_changes_nothing(office: Office) -> None:
    assert doctor().startswith("✗ вебхуки: «этап сделки»: нет подписки; ")
    assert not present()
    assert not SubscriptionWatch.objects.exists()


def test_doctor_subscribes(office: Office) -> None:
    assert doctor("--fix").endswith("(исправлено)")
    assert set(present()) == {url(door) for door in Door}
    assert doctor() == "✓ вебхуки: все 3 подписки на месте"
    assert doctor("--fix") == "✓ вебхуки: все 3 подписки на месте"


def test_doctor_that_mends_a_gap_leaves_it_to_be_read(watched: Office) -> None:
    disable(watched, REFRESH)
    company = watched.company()
    doctor("--fix")
    subscriptions.check()
    read_inbox()
    assert told(REFRESH) == Counter([company])


def test_doctor_offers_to_remove_what_is_subscribed_where_we_stood_before(
    watched: Office, settings: Settings
) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:2"
    with closing(ready_client()) as client:
        for address in (SOMEBODY, f"http://127.0.0.1:1/webhooks/amocrm/other/{LEADS.value}/"):
            client.webhooks.subscribe(address, ["status_lead"], lane=Lane.BULK)
    before = set(present())
    subscriptions.check()
    after = {address.replace(":1/", ":2/") for address in before if SECRET in address}
    assert set(present()) == before | after, "whether nobody stands there only a person knows"
    said = doctor()
    assert "подписок с нашим секретом на другом сервере: 3; --fix исправит и удалит" in said
    assert doctor("--fix").endswith("(исправлено)")
    assert set(present()) == after | {address for address in before if SECRET not in address}
    assert doctor() == "✓ вебхуки: все 3 подписки на месте"


def test_doctor_does_not_mend_beside_a_check(office: Office) -> None:
    with leases.held(name=subscriptions.LEASE, seconds=60):
        assert doctor("--fix").startswith("✗ вебхуки: подписки сейчас проверяет другой процесс")
    assert not present()


def test_doctor_shows_no_secret(watched: Office, settings: Settings) -> None:
    settings.WEBHOOK_SECRETS = [OTHER_SECRET, SECRET]
    shown = f"{doctor()} {doctor('--fix')}"
    assert SECRET not in shown
    assert OTHER_SECRET not in shown
