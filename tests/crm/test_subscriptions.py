"""Comparing our subscriptions with amoCRM's, and putting them right."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.webhooks import Webhook
from clients.errors import NoRightsError, UnknownOutcomeError
from clients.pacing import Lane
from crm.connection import ready_client
from crm.subscriptions import Findings, Flaw, Problem, Subscription, Wanted, look, mend
from tests.clients.emulated import Control
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking
from tests.crm.emulated import asked

pytestmark = pytest.mark.django_db

LANE = Lane.BULK
PREFIX = "http://127.0.0.1:1/in/"
NEW, OLD, SECRET = f"{PREFIX}new-secret/", f"{PREFIX}old-secret/", "new-secret"
LEADS = Subscription(
    "leads", "сделки", f"{NEW}leads/", frozenset({"status_lead"}), (f"{OLD}leads/",)
)
CARDS = Subscription(
    "cards", "компании", f"{NEW}cards/", frozenset({"add_company", "update_company"})
)
WANTED = Wanted(PREFIX, (LEADS, CARDS))
SOMEBODY = "https://example.ru/hook"
SUBSCRIBING, UNSUBSCRIBING = "POST /api/v4/webhooks", "DELETE /api/v4/webhooks"


@pytest.fixture
def client(amocrm: Control) -> Iterator[AmoCrm]:
    with closing(ready_client()) as ready:
        yield ready


@pytest.fixture
def subscribed(client: AmoCrm) -> AmoCrm:
    """Everything stands as it should."""
    put_right(client)
    return client


def find(client: AmoCrm) -> Findings:
    return look(client=client, wanted=WANTED, lane=LANE)


def put_right(client: AmoCrm) -> Findings:
    found = find(client)
    mend(client=client, wanted=WANTED, findings=found, lane=LANE)
    return found


def present(client: AmoCrm) -> dict[str, Webhook]:
    return {webhook.url: webhook for webhook in client.webhooks.list(lane=LANE)}


def flaws(found: Findings) -> dict[str, tuple[Flaw, bool]]:
    return {each.subscription.name: (each.flaw, each.silent) for each in found.problems}


def test_what_is_missing_is_subscribed(client: AmoCrm) -> None:
    assert flaws(put_right(client)) == {
        "leads": (Flaw.MISSING, True),
        "cards": (Flaw.MISSING, True),
    }
    assert {url: webhook.events for url, webhook in present(client).items()} == {
        LEADS.url: LEADS.events,
        CARDS.url: CARDS.events,
    }
    assert find(client).is_in_order


def test_nothing_is_written_where_all_is_in_order(amocrm: Control, subscribed: AmoCrm) -> None:
    before = asked(amocrm, SUBSCRIBING)
    assert put_right(subscribed).is_in_order
    assert asked(amocrm, SUBSCRIBING) == before
    assert asked(amocrm, UNSUBSCRIBING) == 0


def test_what_amocrm_has_disabled_is_enabled(amocrm: Control, subscribed: AmoCrm) -> None:
    amocrm.post("hooks/switch", {"destination": CARDS.url, "disabled": True})
    assert flaws(put_right(subscribed)) == {"cards": (Flaw.DISABLED, True)}
    assert not present(subscribed)[CARDS.url].disabled
    assert asked(amocrm, SUBSCRIBING) == 3  # two at first: what stands is left alone


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["add_company"], (Flaw.LACKING, True)),
        (["add_company", "add_lead"], (Flaw.LACKING, True)),
        (["add_company", "update_company", "add_lead"], (Flaw.SUPERFLUOUS, False)),
    ],
)
def test_other_events_are_set_right(
    subscribed: AmoCrm, events: list[str], expected: tuple[Flaw, bool]
) -> None:
    subscribed.webhooks.subscribe(CARDS.url, events, lane=LANE)
    assert flaws(put_right(subscribed)) == {"cards": expected}
    assert present(subscribed)[CARDS.url].events == CARDS.events


def test_former_address_goes_and_was_no_silence(client: AmoCrm) -> None:
    client.webhooks.subscribe(f"{OLD}leads/", ["status_lead"], lane=LANE)
    client.webhooks.subscribe(SOMEBODY, ["status_lead"], lane=LANE)
    found = put_right(client)
    assert flaws(found)["leads"] == (Flaw.MISSING, False)
    assert set(present(client)) == {LEADS.url, CARDS.url, SOMEBODY}


def test_former_address_that_brings_less_is_silence(client: AmoCrm, amocrm: Control) -> None:
    client.webhooks.subscribe(f"{OLD}leads/", ["status_lead"], lane=LANE)
    amocrm.post("hooks/switch", {"destination": f"{OLD}leads/", "disabled": True})
    assert flaws(find(client))["leads"] == (Flaw.MISSING, True)


def test_former_address_stays_where_the_new_one_was_not_confirmed(
    client: AmoCrm, amocrm: Control
) -> None:
    client.webhooks.subscribe(f"{OLD}leads/", ["status_lead"], lane=LANE)
    amocrm.fault("status_before_commit", method="POST", path="/api/v4/webhooks", skip=1)
    with pytest.raises(UnknownOutcomeError):
        put_right(client)
    assert f"{OLD}leads/" in present(client)


def test_former_address_stays_where_amocrm_does_not_show_the_new_one(
    client: AmoCrm, amocrm: Control
) -> None:
    client.webhooks.subscribe(f"{OLD}leads/", ["status_lead"], lane=LANE)
    found = find(client)
    amocrm.fault("drop_items", method="GET", path="/api/v4/webhooks", items=[1])
    mend(client=client, wanted=WANTED, findings=found, lane=LANE)
    assert f"{OLD}leads/" in present(client)
    put_right(client)
    assert set(present(client)) == {LEADS.url, CARDS.url}


def test_one_that_stays_disabled_is_made_anew() -> None:
    answer = b'{"id":1,"destination":"x","settings":["status_lead"],"disabled":%s}'
    still, anew = answer % b"true", answer % b"false"
    replies = [reply(still), reply(b"", "204 No Content"), reply(anew)]
    with talking(answering(*replies)) as (transport, server):
        mend(
            client=AmoCrm(transport),
            wanted=WANTED,
            findings=Findings((Problem(LEADS, Flaw.DISABLED, silent=True),), ()),
            lane=LANE,
        )
    assert [arrived.line.partition(" ")[0] for arrived in server.requests] == [
        "POST", "DELETE", "POST",
    ]  # fmt: skip


def test_missing_rights_are_raised(client: AmoCrm, amocrm: Control) -> None:
    amocrm.settings(is_admin=False)
    with pytest.raises(NoRightsError):
        put_right(client)


def test_no_secret_is_told(client: AmoCrm) -> None:
    client.webhooks.subscribe(f"{OLD}leads/", ["status_lead"], lane=LANE)
    found = find(client)
    told = f"{found} {found.told()} {WANTED.subscriptions}"
    assert "secret" not in told
    assert (
        found.told()
        == "«сделки»: нет подписки; «компании»: нет подписки; подписок на прежние адреса: 1"
    )
    said = f"no such hook: {LEADS.url}, {OLD}leads/"
    assert WANTED.masked(said) == f"no such hook: {PREFIX}***/leads/, {PREFIX}***/leads/"
