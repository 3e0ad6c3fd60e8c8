import pytest

from tests.emulators.amocrm.building import (
    COMPANIES,
    FIELDS,
    add_field,
    create,
    item,
    read,
    values_of,
)
from tests.emulators.talking import Talker

SELLER = "AMONITION_SELLER_ID"


def test_audit_counts_companies_and_their_sellers(amocrm: Talker) -> None:
    add_field(amocrm, "text", SELLER)
    items = [item({SELLER: [{"value": seller}]}) for seller in ("s1", "s2", "s2", "s2")]
    ids = create(amocrm, *items, {"name": "nobody's"})
    amocrm.patch(COMPANIES, [{"id": ids[0], "name": "B"}])
    audit = amocrm.control("GET", "audit")
    assert (audit["companies"], audit["sellers"]) == (5, 2)
    assert audit["duplicated_sellers"] == {"s2": ids[1:4]}
    assert audit["max_companies_per_seller"] == 3
    assert (audit["created_items"], audit["updated_items"]) == (5, 1)
    assert audit["requests"] == {
        f"POST {FIELDS}": 1,
        f"POST {COMPANIES}": 1,
        f"PATCH {COMPANIES}": 1,
    }


def test_deleted_company_is_no_duplicate(amocrm: Talker) -> None:
    add_field(amocrm, "text", SELLER)
    ids = create(amocrm, *[item({SELLER: [{"value": "s1"}]})] * 2)
    amocrm.control("DELETE", f"companies/{ids[0]}")
    audit = amocrm.control("GET", "audit")
    assert (audit["companies"], audit["deleted_companies"]) == (1, 1)
    assert audit["duplicated_sellers"] == {}


def test_audit_names_at_most_twenty_duplicated_sellers(amocrm: Talker) -> None:
    add_field(amocrm, "text", SELLER)
    items = [item({SELLER: [{"value": str(number % 30)}]}) for number in range(60)]
    create(amocrm, *items)
    assert len(amocrm.control("GET", "audit")["duplicated_sellers"]) == 20


def test_requests_are_counted_by_template(amocrm: Talker) -> None:
    amocrm.get(f"{COMPANIES}/1")
    amocrm.get(f"{COMPANIES}/2")
    amocrm.get("/api/v4/nowhere/1")
    audit = amocrm.control("GET", "audit")
    assert audit["requests"] == {f"GET {COMPANIES}/{{id:int}}": 2, "GET (unknown)": 1}
    assert audit["refused"] == {"not_found": 1}


def test_state_of_companies_is_told_in_pages(amocrm: Talker) -> None:
    add_field(amocrm, "multiselect", "CAT", enums=[{"value": "a"}, {"value": "b"}])
    add_field(amocrm, "numeric", "N")
    values = {
        "PHONE": [{"value": "+7900"}],
        "CAT": [{"value": "a"}, {"value": "b"}],
        "N": [{"value": 5}],
    }
    first, second, third = create(amocrm, item(values, name="A"), {"name": "B"}, {"name": "C"})
    amocrm.control("DELETE", f"companies/{second}")
    page = amocrm.control("GET", "audit/companies?limit=2")["companies"]
    assert [company["id"] for company in page] == [first, second]
    assert page[0]["fields"] == {"PHONE": [["+7900", "WORK"]], "CAT": ["a", "b"], "N": 5}
    assert (page[0]["writes"], page[1]["is_deleted"]) == (1, True)
    rest = amocrm.control("GET", f"audit/companies?after={second}")["companies"]
    assert [company["id"] for company in rest] == [third]


def test_companies_of_one_seller_are_told(amocrm: Talker) -> None:
    add_field(amocrm, "text", SELLER)
    ids = create(amocrm, *[item({SELLER: [{"value": "s/1"}]})] * 2)
    told = amocrm.control("GET", "audit/seller/s/1")["companies"]
    assert [company["id"] for company in told] == ids
    assert amocrm.control("GET", "audit/seller/nobody")["companies"] == []


def test_manager_creates_companies_that_are_not_counted(amocrm: Talker) -> None:
    add_field(amocrm, "text", SELLER)
    described = [{"name": "A", "fields": {SELLER: "s1", "PHONE": ["1", "2"]}}, {"name": "B"}]
    ids = amocrm.control("POST", "companies", described)["ids"]
    assert values_of(amocrm, ids[0], "PHONE") == ["1", "2"]
    audit = amocrm.control("GET", "audit")
    assert (audit["companies"], audit["created_items"]) == (2, 0)


def test_manager_edits_a_company(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, item({"PHONE": [{"value": "1"}]}, name="A"))
    amocrm.control(
        "PATCH",
        f"companies/{company_id}",
        {"name": "B", "fields": {"PHONE": None, "WEB": "http://a"}},
    )
    assert read(amocrm, company_id)["name"] == "B"
    assert values_of(amocrm, company_id, "PHONE") == []
    assert values_of(amocrm, company_id, "WEB") == ["http://a"]
    assert amocrm.control("GET", "audit")["updated_items"] == 0


def test_manager_cannot_edit_an_api_only_field(amocrm: Talker) -> None:
    add_field(amocrm, "text", "ATTEMPT", is_api_only=True)
    (company_id,) = create(amocrm, item({"ATTEMPT": [{"value": "1"}]}))
    answer = amocrm.patch(f"/_control/companies/{company_id}", {"fields": {"ATTEMPT": "2"}})
    assert answer.status == 400
    assert values_of(amocrm, company_id, "ATTEMPT") == ["1"]


def test_deleted_company_is_gone_for_the_api(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    amocrm.control("DELETE", f"companies/{company_id}")
    assert amocrm.get(f"{COMPANIES}/{company_id}").status == 204
    assert amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}]).status == 400
    amocrm.set(show_deleted_by_id=True)
    assert read(amocrm, company_id)["is_deleted"] is True


def test_merge_fills_what_the_kept_company_lacks(amocrm: Talker) -> None:
    keep, drop = create(
        amocrm,
        item({"PHONE": [{"value": "1"}]}, name="A"),
        item({"PHONE": [{"value": "2"}], "WEB": [{"value": "http://b"}]}, name="B"),
    )
    lead = amocrm.control("POST", "leads", {"company_id": drop})
    amocrm.control("POST", "companies/merge", {"keep": keep, "drop": drop})
    assert values_of(amocrm, keep, "PHONE") == ["1"]
    assert values_of(amocrm, keep, "WEB") == ["http://b"]
    assert amocrm.get(f"{COMPANIES}/{drop}").status == 204
    shown = amocrm.get(f"/api/v4/leads/{lead['id']}").json
    assert shown["_embedded"]["companies"] == [{"id": keep}]


def test_reset_forgets_the_state_and_keeps_the_settings(amocrm: Talker) -> None:
    amocrm.set(text_limit=10)
    create(amocrm, {"name": "A"})
    amocrm.control("POST", "reset")
    audit = amocrm.control("GET", "audit")
    assert (audit["companies"], audit["created_items"], audit["requests"]) == (0, 0, {})
    assert audit["arrivals"]["count"] == 0
    assert amocrm.control("GET", "settings")["text_limit"] == 10
    amocrm.control("POST", "reset", {"settings": True})
    assert amocrm.control("GET", "settings")["text_limit"] == 256


@pytest.mark.parametrize(
    "change",
    [
        {"nothing": 1},
        {"rate_limit": "7"},
        {"rate_limit": True},
        {"rate_limit_reply": "xml"},
        {"latency_ms": [5]},
        {"latency_ms": [9, 5]},
        {"latency_ms": -1},
        {"paid": 1},
        {"long_lived_tokens": [1]},
    ],
)
def test_setting_that_does_not_fit_is_refused(amocrm: Talker, change: dict[str, object]) -> None:
    before = amocrm.control("GET", "settings")
    assert amocrm.patch("/_control/settings", {"text_limit": 1, **change}).status == 400
    assert amocrm.control("GET", "settings") == before


def test_control_refuses_what_it_does_not_know(amocrm: Talker) -> None:
    assert amocrm.get("/_control/nothing").status == 404
    assert amocrm.post("/_control/companies", {"name": "A"}).status == 400
    assert amocrm.get("/_control/audit/companies?limit=x").status == 400
    assert amocrm.ask("DELETE", "/_control/companies/5").status == 400
    assert amocrm.post("/_control/clock", {"advance": "x"}).status == 400
    assert amocrm.ask("POST", "/_control/faults", raw=b"{").status == 400
