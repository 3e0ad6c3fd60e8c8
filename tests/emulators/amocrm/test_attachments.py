from typing import Any

import pytest

from tests.emulators.amocrm.building import COMPANIES, create, errors_of
from tests.emulators.talking import Talker

HOOKS = "/api/v4/webhooks"
COMMON = {"note_type": "common", "params": {"text": "Привет"}}


def test_note_of_a_company_is_kept(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    path = f"{COMPANIES}/{company_id}/notes"
    assert amocrm.get(path).status == 204
    answer = amocrm.post(path, [{**COMMON, "request_id": "n"}])
    assert answer.status == 200
    assert answer.json["_embedded"]["notes"][0]["request_id"] == "n"
    (note,) = amocrm.get(path).json["_embedded"]["notes"]
    assert (note["note_type"], note["params"]) == ("common", {"text": "Привет"})


def test_notes_of_leads_and_companies_do_not_mix(amocrm: Talker) -> None:
    lead = amocrm.control("POST", "leads", {})["id"]
    assert amocrm.post(f"/api/v4/leads/{lead}/notes", [COMMON]).status == 200
    assert amocrm.get(f"{COMPANIES}/{lead}/notes").status == 204


def test_note_of_a_missing_company_is_404(amocrm: Talker) -> None:
    assert amocrm.post(f"{COMPANIES}/5/notes", [COMMON]).status == 404


@pytest.mark.parametrize(
    ("bad", "error", "path"),
    [
        ({"note_type": "call_in", "params": {}}, "NotSupportedChoice", "note_type"),
        ({"note_type": "common"}, "FieldMissing", "params.text"),
        ({"note_type": "common", "params": {"text": 5}}, "InvalidType", "params.text"),
        ({"note_type": "common", "params": {"text": ""}}, "NotBlank", "params.text"),
        ({**COMMON, "text": "x"}, "FieldNotExpected", "text"),
        ({"note_type": "common", "params": {"text": "x", "y": 1}}, "FieldNotExpected", "params.y"),
    ],
)
def test_bad_note_is_refused(amocrm: Talker, bad: dict[str, Any], error: str, path: str) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    answer = amocrm.post(f"{COMPANIES}/{company_id}/notes", [COMMON, bad])
    assert errors_of(answer) == {"1": [(error, path)]}
    assert amocrm.control("GET", "audit")["notes"] == 0


def test_subscription_is_an_upsert_by_destination(amocrm: Talker) -> None:
    first = amocrm.post(HOOKS, {"destination": "https://a.ru/1", "settings": ["status_lead"]})
    assert (first.status, first.json["settings"]) == (201, ["status_lead"])
    second = amocrm.post(
        HOOKS, {"destination": "https://a.ru/1", "settings": ["add_company"], "sort": 5}
    )
    assert second.json["id"] == first.json["id"]
    listed = amocrm.get(HOOKS).json
    assert listed["_total_items"] == 1
    assert listed["_embedded"]["webhooks"][0]["settings"] == ["add_company"]
    assert listed["_embedded"]["webhooks"][0]["disabled"] is False


def test_subscriptions_are_listed_by_destination(amocrm: Talker) -> None:
    assert amocrm.get(HOOKS).json["_total_items"] == 0
    amocrm.post(HOOKS, {"destination": "https://a.ru/1", "settings": ["status_lead"]})
    amocrm.post(HOOKS, {"destination": "https://a.ru/2", "settings": ["status_lead"]})
    found = amocrm.get(HOOKS, **{"filter[destination]": "https://a.ru/2"}).json
    assert [hook["destination"] for hook in found["_embedded"]["webhooks"]] == ["https://a.ru/2"]


def test_unsubscribing_takes_a_body(amocrm: Talker) -> None:
    amocrm.post(HOOKS, {"destination": "https://a.ru/1", "settings": ["status_lead"]})
    assert amocrm.ask("DELETE", HOOKS, {"destination": "https://a.ru/1"}).status == 204
    assert amocrm.ask("DELETE", HOOKS, {"destination": "https://a.ru/1"}).status == 404
    assert amocrm.ask("DELETE", HOOKS).status == 400


@pytest.mark.parametrize(
    ("bad", "error", "path"),
    [
        ({"destination": "a.ru", "settings": ["status_lead"]}, "InvalidUrl", "destination"),
        ({"settings": ["status_lead"]}, "FieldMissing", "destination"),
        ({"destination": "https://a.ru"}, "FieldMissing", "settings"),
        ({"destination": "https://a.ru", "settings": ["x"]}, "NotSupportedChoice", "settings.0"),
        ({"destination": "https://a.ru", "settings": ["status_lead"], "x": 1},
         "FieldNotExpected", "x"),
        ({"destination": "https://a.ru", "settings": ["status_lead"], "sort": "1"},
         "InvalidType", "sort"),
    ],
)  # fmt: skip
def test_bad_subscription_is_refused(
    amocrm: Talker, bad: dict[str, Any], error: str, path: str
) -> None:
    assert errors_of(amocrm.post(HOOKS, bad)) == {"0": [(error, path)]}


def test_hundred_subscriptions_are_the_limit(amocrm: Talker) -> None:
    answers = [
        amocrm.post(HOOKS, {"destination": f"https://a.ru/{n}", "settings": ["status_lead"]}).status
        for n in range(101)
    ]
    assert answers == [201] * 100 + [422]


def test_only_admins_subscribe(amocrm: Talker) -> None:
    amocrm.set(is_admin=False)
    payload = {"destination": "https://a.ru/1", "settings": ["status_lead"]}
    assert amocrm.post(HOOKS, payload).status == 403
    assert amocrm.ask("DELETE", HOOKS, payload).status == 403
