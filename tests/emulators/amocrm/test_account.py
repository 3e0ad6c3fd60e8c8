from emulators.amocrm.account import ADMIN_ID, LOST, TRANSFER_STATUS, WON
from tests.emulators.talking import Talker


def test_account_tells_whether_filters_work_when_asked(amocrm: Talker) -> None:
    plain = amocrm.get("/api/v4/account").json
    assert (plain["id"], plain["subdomain"]) == (29_000_001, "emulator")
    assert "is_api_filter_enabled" not in plain
    amocrm.set(filter_enabled=False)
    asked = amocrm.get("/api/v4/account", **{"with": "is_api_filter_enabled"}).json
    assert asked["is_api_filter_enabled"] is False


def test_users_show_their_rights(amocrm: Talker) -> None:
    assert amocrm.get(f"/api/v4/users/{ADMIN_ID}").json["rights"]["is_admin"] is True
    amocrm.set(is_admin=False)
    assert amocrm.get(f"/api/v4/users/{ADMIN_ID}").json["rights"]["is_admin"] is False
    assert amocrm.get("/api/v4/users/5").status == 204
    assert len(amocrm.get("/api/v4/users").json["_embedded"]["users"]) == 2


def test_transfer_status_is_in_one_of_two_pipelines(amocrm: Talker) -> None:
    pipelines = amocrm.get("/api/v4/leads/pipelines").json["_embedded"]["pipelines"]
    stages = [
        [status["name"] for status in pipeline["_embedded"]["statuses"]] for pipeline in pipelines
    ]
    assert [TRANSFER_STATUS in names for names in stages] == [False, True]


def test_final_statuses_are_the_same_in_every_pipeline(amocrm: Talker) -> None:
    pipelines = amocrm.get("/api/v4/leads/pipelines").json["_embedded"]["pipelines"]
    last = [
        [status["id"] for status in pipeline["_embedded"]["statuses"]][-2:]
        for pipeline in pipelines
    ]
    assert last == [[WON, LOST], [WON, LOST]]


def test_lead_shows_its_stage_fields_and_company(amocrm: Talker) -> None:
    (company_id,) = amocrm.control("POST", "companies", [{"name": "A"}])["ids"]
    lead = amocrm.control(
        "POST",
        "leads",
        {
            "status": TRANSFER_STATUS,
            "company_id": company_id,
            "fields": {"Ссылка на профиль": "https://example.ru/u/1"},
        },
    )
    shown = amocrm.get(f"/api/v4/leads/{lead['id']}").json
    assert (shown["pipeline_id"], shown["status_id"]) == (lead["pipeline_id"], lead["status_id"])
    assert shown["_embedded"]["companies"] == [{"id": company_id}]
    assert shown["custom_fields_values"][0]["values"] == [{"value": "https://example.ru/u/1"}]


def test_missing_lead_is_an_empty_204(amocrm: Talker) -> None:
    assert amocrm.get("/api/v4/leads/5").status == 204


def test_manager_moves_a_lead(amocrm: Talker) -> None:
    lead = amocrm.control("POST", "leads", {"name": "Сделка 1"})
    moved = amocrm.control("PATCH", f"leads/{lead['id']}", {"status": TRANSFER_STATUS})
    assert moved["pipeline_id"] != lead["pipeline_id"]
    amocrm.control("PATCH", f"leads/{lead['id']}", {"status_id": WON})
    shown = amocrm.get(f"/api/v4/leads/{lead['id']}").json
    assert (shown["name"], shown["status_id"]) == ("Сделка 1", WON)
    assert shown["pipeline_id"] == moved["pipeline_id"]
    assert shown["closed_at"] is not None


def test_unknown_path_is_404_and_wrong_method_405(amocrm: Talker) -> None:
    missing = amocrm.get("/api/v4/nothing")
    assert (missing.status, missing.json["detail"]) == (404, "Cannot GET /api/v4/nothing")
    assert amocrm.post("/api/v4/account", {}).status == 405


def test_every_answer_has_a_request_id(amocrm: Talker) -> None:
    seen = {amocrm.get("/api/v4/account").headers["x-request-id"] for _ in range(3)}
    assert len(seen) == 3
