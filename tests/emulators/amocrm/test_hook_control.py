from typing import Any

import pytest

from tests.emulators.amocrm.building import COMPANIES, create
from tests.emulators.amocrm.receiving import Receiver, counts, settle, subscribe
from tests.emulators.talking import Talker

SEND = "/_control/hooks/send"


def send(amocrm: Talker, receiver: Receiver, **wanted: Any) -> dict[str, Any]:
    """The counts after all of it was sent, at a pace that costs no time."""
    order = {"url": receiver.url, "event": "update_company", "per_second": 1000, **wanted}
    amocrm.control("POST", "hooks/send", order)
    return settle(amocrm)


def test_hooks_are_sent_by_order(amocrm: Talker, receiver: Receiver) -> None:
    ids = create(amocrm, {"name": "A"}, {"name": "B"}, {"name": "C"})
    now = send(amocrm, receiver, ids=ids, times=4, items_per_body=2)
    assert (now["delivered"], now["items"], now["storm_bodies"]) == (4, 8, 0)
    bodies = [
        tuple(hook.item(place)["[name]"] for place in hook.places) for hook in receiver.arrived
    ]
    assert sorted(bodies) == [("A", "B"), ("A", "B"), ("B", "C"), ("C", "A")]
    company = amocrm.get(f"{COMPANIES}/{ids[0]}").json
    item = receiver.arrived[0].item("contacts[update][0]")
    assert item["[last_modified]"] == str(company["updated_at"])


def test_one_hook_is_sent_unless_told(amocrm: Talker, receiver: Receiver) -> None:
    ids = create(amocrm, {"name": "A"}, {"name": "B"})
    order = {"url": receiver.url, "event": "add_company", "ids": ids}
    assert amocrm.control("POST", "hooks/send", order) == {"bodies": 1, "items": 1}
    settle(amocrm)
    assert [hook.places for hook in receiver.arrived] == [["contacts[add][0]"]]


def test_moment_is_as_ordered(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    send(amocrm, receiver, ids=[company_id], times=3, last_modified=1000, step=60)
    moments = {item["[last_modified]"] for item in receiver.items("contacts[update][0]")}
    assert moments == {"1000", "1060", "1120"}
    receiver.arrived.clear()
    send(amocrm, receiver, ids=[company_id], last_modified=5)
    (item,) = receiver.items("contacts[update][0]")
    assert (item["[last_modified]"], item["[updated_at]"]) == ("5", "5")
    receiver.arrived.clear()
    send(amocrm, receiver, ids=[company_id], last_modified=None)
    (item,) = receiver.items("contacts[update][0]")
    assert "[last_modified]" not in item
    assert amocrm.get(f"{COMPANIES}/{company_id}").json["updated_at"] > 1_700_000_000


@pytest.mark.parametrize(
    ("event", "place", "told"),
    [
        ("status_lead", "leads[status][0]", "[last_modified]"),
        ("update_lead", "leads[update][0]", "[last_modified]"),
        ("delete_lead", "leads[delete][0]", "[pipeline_id]"),
    ],
)
def test_leads_are_sent_too(
    amocrm: Talker, receiver: Receiver, event: str, place: str, told: str
) -> None:
    lead = amocrm.control("POST", "leads", {})["id"]
    send(amocrm, receiver, ids=[lead], event=event)
    (item,) = receiver.items(place)
    assert item["[id]"] == str(lead)
    assert told in item


def test_storm_keeps_its_pace(amocrm: Talker, receiver: Receiver) -> None:
    ids = create(amocrm, {"name": "A"})
    send(amocrm, receiver, ids=ids, times=31, per_second=100)
    came = sorted(hook.at for hook in receiver.arrived)
    assert len(came) == 31
    assert 0.25 <= came[-1] - came[0] <= 5  # 0.3 s on a machine that has nothing else to do


def test_undelivered_is_retried(amocrm: Talker, receiver: Receiver) -> None:
    ids = create(amocrm, {"name": "A"})
    receiver.answer(503)
    assert send(amocrm, receiver, ids=ids)["retries_waiting"] == 1


def test_storms_are_few_and_end_with_a_reset(amocrm: Talker, receiver: Receiver) -> None:
    ids = create(amocrm, {"name": "A"})
    order = {"url": receiver.url, "event": "update_company", "ids": ids}
    slow = {**order, "times": 100, "per_second": 0.01}
    for _ in range(4):
        amocrm.control("POST", "hooks/send", slow)
    assert counts(amocrm)["pending"] >= 4 * 99
    assert amocrm.control("GET", "audit")["hooks"]["storm_bodies"] >= 4 * 99
    assert amocrm.post(SEND, slow).status == 400
    amocrm.control("POST", "reset")
    assert counts(amocrm)["pending"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"url": "a"},
        {"url": None},
        {"event": "note_company"},
        {"event": None},
        {"ids": []},
        {"ids": 5},
        {"ids": [1]},
        {"times": 0},
        {"times": 1_000_001},
        {"per_second": 0},
        {"per_second": 10_001},
        {"per_second": "x"},
        {"items_per_body": 251},
        {"last_modified": "x"},
        {"step": -1},
    ],
)
def test_order_that_cannot_be_filled_is_refused(
    amocrm: Talker, receiver: Receiver, change: dict[str, Any]
) -> None:
    ids = create(amocrm, {"name": "A"})
    order = {"url": receiver.url, "event": "update_company", "ids": ids, **change}
    assert amocrm.post(SEND, order).status == 400
    assert counts(amocrm)["posted"] == 0


@pytest.mark.parametrize("body", [{"company_id": 5, "url": "http://a"}, {"company_id": 0}])
def test_button_of_no_company_is_refused(amocrm: Talker, body: dict[str, Any]) -> None:
    assert amocrm.post("/_control/buttons", body).status == 400


@pytest.mark.parametrize("body", [{"destination": "http://nobody", "disabled": True}, {}])
def test_switch_of_no_subscription_is_refused(amocrm: Talker, body: dict[str, Any]) -> None:
    assert amocrm.post("/_control/hooks/switch", body).status == 400


def test_destinations_are_counted_apart(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, f"{receiver.url}a/", "add_company")
    subscribe(amocrm, f"{receiver.url}b/", "add_company", "update_company")
    (company_id,) = create(amocrm, {"name": "A"})
    amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}])
    destinations = settle(amocrm)["destinations"]
    assert {url: told["delivered"] for url, told in destinations.items()} == {
        f"{receiver.url}a/": 1,
        f"{receiver.url}b/": 2,
    }
    assert destinations[f"{receiver.url}b/"]["last_statuses"] == [204, 204]


def test_audit_has_the_counts(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, "add_company")
    create(amocrm, {"name": "A"})
    settle(amocrm)
    hooks = amocrm.control("GET", "audit")["hooks"]
    assert (hooks["posted"], hooks["delivered"], hooks["pending"]) == (1, 1, 0)


def test_notes_of_a_card_are_told_to_judges(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    lead = amocrm.control("POST", "leads", {})["id"]
    for path in (f"{COMPANIES}/{company_id}", f"/api/v4/leads/{lead}"):
        for text in ("Раз", "Два"):
            note = {"note_type": "common", "params": {"text": text}}
            assert amocrm.post(f"{path}/notes", [note]).status == 200
    of_lead = amocrm.control("GET", f"audit/notes?entity=leads&id={lead}")
    shown = amocrm.get(f"/api/v4/leads/{lead}/notes").json["_embedded"]["notes"]
    assert of_lead["total"] == 2
    assert [(note["text"], note["created_at"]) for note in of_lead["notes"]] == [
        (note["params"]["text"], note["created_at"]) for note in shown
    ]
    assert amocrm.control("GET", "audit/notes?entity=companies&id=1")["notes"] == []
    assert amocrm.control("GET", "audit")["notes"] == 4


@pytest.mark.parametrize("query", ["", "entity=leads", "entity=tasks&id=1", "entity=leads&id=x"])
def test_notes_of_nothing_are_refused(amocrm: Talker, query: str) -> None:
    assert amocrm.get(f"/_control/audit/notes?{query}").status == 400
