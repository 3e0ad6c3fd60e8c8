import threading
from typing import Any

import pytest

from emulators.amocrm.account import ADMIN_ID, TRANSFER_STATUS, WON
from emulators.amocrm.service import AmocrmService
from emulators.server import start
from tests.emulators.amocrm.building import COMPANIES, create
from tests.emulators.amocrm.receiving import (
    COMPANY_EVENTS,
    HOOKS,
    LEAD_EVENTS,
    Receiver,
    counts,
    settle,
    subscribe,
    told,
)
from tests.emulators.talking import Talker

MANAGER = ADMIN_ID + 1


def test_own_writes_come_back(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, *COMPANY_EVENTS)
    (company_id,) = create(amocrm, {"name": "A"})
    amocrm.control("POST", "clock", {"advance": 100})
    written = amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}]).json
    (shown,) = written["_embedded"]["companies"]
    assert told(amocrm, receiver) == [("contacts[add][0]",), ("contacts[update][0]",)]
    (update,) = receiver.items("contacts[update][0]")
    assert update["[name]"] == "B"
    assert update["[last_modified]"] == update["[updated_at]"] == str(shown["updated_at"])
    assert update["[modified_user_id]"] == str(ADMIN_ID)


def test_single_update_comes_back_too(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, "update_company")
    assert amocrm.patch(f"{COMPANIES}/{company_id}", {"name": "B"}).status == 200
    assert receiver.wait_for(1)[0].item("contacts[update][0]")["[name]"] == "B"


def test_time_given_by_a_write_is_the_time_told(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, "update_company")
    amocrm.patch(COMPANIES, [{"id": company_id, "updated_at": 1_500_000_000}])
    update = receiver.wait_for(1)[0].item("contacts[update][0]")
    assert update["[last_modified]"] == "1500000000"


def test_manager_is_told_as_who_did_it(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, *COMPANY_EVENTS)
    amocrm.control("PATCH", f"companies/{company_id}", {"name": "B"})
    amocrm.control("PATCH", f"companies/{company_id}", {"name": "C", "user_id": ADMIN_ID})
    settle(amocrm)
    users = {
        update["[name]"]: update["[modified_user_id]"]
        for update in receiver.items("contacts[update][0]")
    }
    assert users == {"B": str(MANAGER), "C": str(ADMIN_ID)}


def test_manager_makes_deletes_and_restores_a_company(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, *COMPANY_EVENTS)
    (company_id,) = amocrm.control("POST", "companies", [{"name": "A"}])["ids"]
    amocrm.control("DELETE", f"companies/{company_id}")
    assert amocrm.get(f"{COMPANIES}/{company_id}").status == 204
    amocrm.control("POST", "clock", {"advance": 60})
    restored = amocrm.control("POST", f"companies/{company_id}/restore")
    assert amocrm.get(f"{COMPANIES}/{company_id}").json["name"] == "A"
    assert told(amocrm, receiver) == [
        ("contacts[add][0]",),
        ("contacts[delete][0]",),
        ("contacts[restore][0]",),
    ]
    (item,) = receiver.items("contacts[restore][0]")
    assert item["[last_modified]"] == str(restored["updated_at"])


def test_only_a_deleted_company_is_restored(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    assert amocrm.post(f"/_control/companies/{company_id}/restore", {}).status == 400


def test_restored_companies_are_listed_where_they_were(amocrm: Talker) -> None:
    ids = create(amocrm, {"name": "A"}, {"name": "B"}, {"name": "C"})
    amocrm.control("DELETE", f"companies/{ids[1]}")
    amocrm.control("POST", f"companies/{ids[1]}/restore")
    listed = amocrm.get(COMPANIES).json["_embedded"]["companies"]
    assert [company["id"] for company in listed] == ids


def test_merge_is_an_update_and_a_delete(amocrm: Talker, receiver: Receiver) -> None:
    keep, drop = create(amocrm, {"name": "A"}, {"name": "B"})
    subscribe(amocrm, receiver.url, *COMPANY_EVENTS)
    amocrm.control("POST", "companies/merge", {"keep": keep, "drop": drop})
    settle(amocrm)
    ids = {place: hook.item(place)["[id]"] for hook in receiver.arrived for place in hook.places}
    assert ids == {"contacts[update][0]": str(keep), "contacts[delete][0]": str(drop)}


def test_lead_that_moves_is_two_events(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, *LEAD_EVENTS)
    lead = amocrm.control("POST", "leads", {})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"name": "B"})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"status": TRANSFER_STATUS})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"status": TRANSFER_STATUS})
    assert told(amocrm, receiver) == [
        ("leads[add][0]",),
        ("leads[status][0]",),
        ("leads[update][0]",),
        ("leads[update][0]",),
        ("leads[update][0]",),
    ]
    old = [
        item.get("[old_status_id]")
        for hook in receiver.arrived
        for item in [hook.item(hook.places[0])]
        if "[old_status_id]" in item
    ]
    assert old == [str(lead["status_id"])] * 2


def test_lead_is_deleted_and_restored(amocrm: Talker, receiver: Receiver) -> None:
    lead = amocrm.control("POST", "leads", {})["id"]
    subscribe(amocrm, receiver.url, *LEAD_EVENTS)
    amocrm.control("DELETE", f"leads/{lead}")
    assert amocrm.get(f"/api/v4/leads/{lead}").status == 204
    amocrm.control("POST", f"leads/{lead}/restore")
    assert amocrm.get(f"/api/v4/leads/{lead}").status == 200
    assert told(amocrm, receiver) == [("leads[delete][0]",), ("leads[restore][0]",)]


def test_only_what_was_subscribed_to_is_told(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, f"{receiver.url}companies/", "update_company")
    subscribe(amocrm, f"{receiver.url}leads/", "status_lead")
    (company_id,) = create(amocrm, {"name": "A"})
    amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}])
    lead = amocrm.control("POST", "leads", {})["id"]
    amocrm.control("PATCH", f"leads/{lead}", {"status": TRANSFER_STATUS})
    settle(amocrm)
    assert sorted((hook.path, *hook.places) for hook in receiver.arrived) == [
        ("/hooks/companies/", "contacts[update][0]"),
        ("/hooks/leads/", "leads[status][0]"),
    ]


def test_nobody_is_told_after_unsubscribing(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, "add_company")
    amocrm.ask("DELETE", HOOKS, {"destination": receiver.url})
    create(amocrm, {"name": "A"})
    assert counts(amocrm)["posted"] == 0


def test_every_destination_is_told(amocrm: Talker, receiver: Receiver) -> None:
    for name in ("refresh", "feed"):
        subscribe(amocrm, f"{receiver.url}{name}/", "add_company")
    create(amocrm, {"name": "A"})
    settle(amocrm)
    first, second = receiver.arrived
    assert {first.path, second.path} == {"/hooks/refresh/", "/hooks/feed/"}
    assert first.body == second.body


def test_batch_is_split_into_bodies(amocrm: Talker, receiver: Receiver) -> None:
    amocrm.set(hook_items_per_body=2)
    subscribe(amocrm, receiver.url, "add_company")
    ids = create(amocrm, *({"name": str(number)} for number in range(5)))
    settle(amocrm)
    assert sorted(len(hook.places) for hook in receiver.arrived) == [1, 2, 2]
    told_ids = [hook.item(place)["[id]"] for hook in receiver.arrived for place in hook.places]
    assert sorted(told_ids) == [str(company_id) for company_id in ids]


def test_several_events_share_a_body(amocrm: Talker, receiver: Receiver) -> None:
    amocrm.set(hook_items_per_body=50)
    subscribe(amocrm, receiver.url, *LEAD_EVENTS)
    lead = amocrm.control("POST", "leads", {})["id"]
    amocrm.control("PATCH", f"leads/{lead}", {"status": TRANSFER_STATUS})
    assert told(amocrm, receiver) == [
        ("leads[add][0]",),
        ("leads[status][0]", "leads[update][0]"),
    ]


@pytest.mark.parametrize(
    ("fault", "told_of"),
    [
        ("reset_before_commit", 0),
        ("validation", 0),
        ("reset_halfway", 2),
        ("reset_after_commit", 4),
        ("status_after_commit", 4),
        ("drop_items", 4),
    ],
)
def test_what_is_committed_is_told_whatever_the_answer(
    amocrm: Talker, receiver: Receiver, fault: str, told_of: int
) -> None:
    subscribe(amocrm, receiver.url, "add_company")
    amocrm.fault(fault, method="POST", path=COMPANIES)
    try:
        amocrm.post(COMPANIES, [{"name": str(number)} for number in range(4)])
    except ConnectionError:
        assert fault.startswith("reset")
    settle(amocrm)
    assert len(receiver.arrived) == told_of


def test_state_of_the_commit_is_told(amocrm: Talker, receiver: Receiver) -> None:
    """Not that of the moment when the webhook is sent at last."""
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, "update_company")
    receiver.gate.clear()  # the senders are stuck with the first ones
    for number in range(40):
        amocrm.patch(COMPANIES, [{"id": company_id, "name": str(number)}])
    receiver.gate.set()
    settle(amocrm)
    names = [item["[name]"] for item in receiver.items("contacts[update][0]")]
    assert sorted(names, key=int) == [str(number) for number in range(40)]


def test_stage_with_a_hook_tells_who_enters_it(amocrm: Talker, receiver: Receiver) -> None:
    amocrm.control("POST", "digital_pipeline", {"status": TRANSFER_STATUS, "url": receiver.url})
    lead = amocrm.control("POST", "leads", {})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"status": TRANSFER_STATUS})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"name": "stays there"})
    amocrm.control("PATCH", f"leads/{lead['id']}", {"status_id": WON})
    settle(amocrm)
    (hook,) = receiver.arrived
    assert list(hook.pairs.items()) == [
        ("leads[status][0][id]", str(lead["id"])),
        ("leads[status][0][status_id]", "57000203"),
        ("leads[status][0][pipeline_id]", "7000201"),
        ("leads[status][0][old_status_id]", str(lead["status_id"])),
        ("leads[status][0][old_pipeline_id]", str(lead["pipeline_id"])),
        ("account[subdomain]", "emulator"),
        ("account[id]", "29000001"),
        ("account[_links][self]", "https://emulator.amocrm.ru"),
    ]


def test_lead_made_in_the_stage_enters_it(amocrm: Talker, receiver: Receiver) -> None:
    stage = {"pipeline_id": 7_000_201, "status_id": 57_000_203}
    listed = amocrm.control("POST", "digital_pipeline", {**stage, "url": receiver.url})
    assert listed == {"stages": [{**stage, "url": receiver.url}]}
    amocrm.control("POST", "leads", stage)
    item = receiver.wait_for(1)[0].item("leads[status][0]")
    assert item.keys() == {"[id]", "[status_id]", "[pipeline_id]"}


def test_hook_of_a_stage_is_taken_away(amocrm: Talker, receiver: Receiver) -> None:
    stage = {"status": TRANSFER_STATUS}
    amocrm.control("POST", "digital_pipeline", {**stage, "url": receiver.url})
    assert amocrm.control("POST", "digital_pipeline", {**stage, "url": None}) == {"stages": []}
    amocrm.control("POST", "leads", stage)
    assert counts(amocrm)["posted"] == 0


@pytest.mark.parametrize("body", [{"url": "http://a"}, {"status": TRANSFER_STATUS, "url": "a"}])
def test_hook_of_no_stage_or_address_is_refused(amocrm: Talker, body: dict[str, Any]) -> None:
    assert amocrm.post("/_control/digital_pipeline", body).status == 400


def test_nothing_runs_while_nobody_listens() -> None:
    server = start(AmocrmService())
    talker = Talker(server.url)
    before = threading.active_count()
    create(talker, {"name": "A"})
    talker.control("POST", "leads", {"status": TRANSFER_STATUS})
    assert threading.active_count() <= before + 1  # the connection's own
    assert counts(talker)["posted"] == 0
    talker.close()
    server.stop()
