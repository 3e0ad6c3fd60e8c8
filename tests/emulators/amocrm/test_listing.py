from typing import Any

import pytest

from tests.emulators.amocrm.building import COMPANIES, add_field, create, item
from tests.emulators.talking import Answer, Talker


def ids(answer: Answer) -> list[int]:
    if answer.status == 204:
        return []
    return [company["id"] for company in answer.json["_embedded"]["companies"]]


def test_empty_list_is_204(amocrm: Talker) -> None:
    assert amocrm.get(COMPANIES).status == 204


def test_pages_follow_the_limit_and_end_with_204(amocrm: Talker) -> None:
    created = create(amocrm, *({"name": str(number)} for number in range(5)))
    first = amocrm.get(COMPANIES, limit=2)
    assert (ids(first), first.json["_page"]) == (created[:2], 1)
    assert "page=2" in first.json["_links"]["next"]["href"]
    last = amocrm.get(COMPANIES, limit=2, page=3)
    assert ids(last) == created[4:]
    assert "next" not in last.json["_links"]
    assert amocrm.get(COMPANIES, limit=2, page=4).status == 204


def test_full_last_page_has_no_next(amocrm: Talker) -> None:
    create(amocrm, {"name": "A"}, {"name": "B"})
    assert "next" not in amocrm.get(COMPANIES, limit=2).json["_links"]


def test_limit_defaults_to_50_and_ends_at_250(amocrm: Talker) -> None:
    create(amocrm, *({"name": str(number)} for number in range(250)))
    assert len(ids(amocrm.get(COMPANIES))) == 50
    assert len(ids(amocrm.get(COMPANIES, limit=250))) == 250
    assert amocrm.get(COMPANIES, limit=251).status == 422


@pytest.mark.parametrize("query", [{"limit": 0}, {"page": 0}, {"limit": "x"}, {"page": -1}])
def test_odd_page_or_limit_is_a_bad_request(amocrm: Talker, query: dict[str, Any]) -> None:
    assert amocrm.get(COMPANIES, **query).status == 400


def test_order_by_id_both_ways(amocrm: Talker) -> None:
    created = create(amocrm, *({"name": str(number)} for number in range(5)))
    assert ids(amocrm.get(COMPANIES, **{"order[id]": "asc"})) == created
    newest = {"order[id]": "desc", "limit": 2}
    assert ids(amocrm.get(COMPANIES, **newest)) == created[:-3:-1]
    assert ids(amocrm.get(COMPANIES, **newest, page=3)) == created[:1]


def test_order_by_updated_at(amocrm: Talker) -> None:
    first, second = create(amocrm, {"name": "A"}, {"name": "B"})
    amocrm.control("POST", "clock", {"advance": 60})
    amocrm.patch(COMPANIES, [{"id": first, "name": "C"}])
    assert ids(amocrm.get(COMPANIES, **{"order[updated_at]": "asc"})) == [second, first]
    assert ids(amocrm.get(COMPANIES, **{"order[updated_at]": "desc"})) == [first, second]


def test_query_finds_look_alikes(amocrm: Talker) -> None:
    add_field(amocrm, "text", "AMONITION_SELLER_ID")
    exact, longer, named, _ = create(
        amocrm,
        item({"AMONITION_SELLER_ID": [{"value": "123"}]}),
        item({"AMONITION_SELLER_ID": [{"value": "41234"}]}),
        {"name": "Склад 123"},
        {"name": "Другой"},
    )
    assert ids(amocrm.get(COMPANIES, query="123")) == [exact, longer, named]
    assert ids(amocrm.get(COMPANIES, query="СКЛАД")) == [named]
    assert amocrm.get(COMPANIES, query="999").status == 204


def test_filter_by_ids(amocrm: Talker) -> None:
    created = create(amocrm, *({"name": str(number)} for number in range(4)))
    several = {"filter[id][0]": created[1], "filter[id][1]": created[3]}
    assert ids(amocrm.get(COMPANIES, **several)) == [created[1], created[3]]
    assert ids(amocrm.get(COMPANIES, **{"filter[id]": created[2]})) == [created[2]]


def test_filter_by_updated_at_range(amocrm: Talker) -> None:
    (old,) = create(amocrm, {"name": "A"})
    moved = amocrm.control("POST", "clock", {"advance": 600})["now"]
    (new,) = create(amocrm, {"name": "B"})
    assert ids(amocrm.get(COMPANIES, **{"filter[updated_at][from]": int(moved) - 5})) == [new]
    assert ids(amocrm.get(COMPANIES, **{"filter[updated_at][to]": int(moved) - 5})) == [old]


def test_filter_by_custom_field_is_exact_and_several_values_are_or(amocrm: Talker) -> None:
    field = add_field(amocrm, "text", "ATTEMPT")["id"]
    first, second, _ = create(
        amocrm,
        item({"ATTEMPT": [{"value": "a"}]}),
        item({"ATTEMPT": [{"value": "b"}]}),
        item({"ATTEMPT": [{"value": "ab"}]}),
    )
    name = f"filter[custom_fields_values][{field}]"
    assert ids(amocrm.get(COMPANIES, **{f"{name}[]": "a"})) == [first]
    both = {f"{name}[0]": "a", f"{name}[1]": "b"}
    assert ids(amocrm.get(COMPANIES, **both)) == [first, second]


def test_filters_of_different_kinds_are_and(amocrm: Talker) -> None:
    field = add_field(amocrm, "numeric", "N")["id"]
    first, _, third = create(amocrm, *(item({"N": [{"value": number}]}) for number in (1, 5, 9)))
    name = f"filter[custom_fields_values][{field}]"
    assert ids(amocrm.get(COMPANIES, **{f"{name}[from]": 6})) == [third]
    both = {f"{name}[to]": 6, "filter[id][]": first}
    assert ids(amocrm.get(COMPANIES, **both)) == [first]


def test_filters_can_be_ignored_as_accounts_without_them_do(amocrm: Talker) -> None:
    amocrm.set(filter_enabled=False)
    created = create(amocrm, {"name": "A"}, {"name": "B"})
    assert ids(amocrm.get(COMPANIES, **{"filter[id][]": created[0]})) == created


def test_index_lags_behind_while_get_by_id_does_not(amocrm: Talker) -> None:
    amocrm.set(index_lag_seconds=30)
    (company_id,) = create(amocrm, {"name": "A"})
    assert amocrm.get(COMPANIES).status == 204
    assert amocrm.get(COMPANIES, query="A").status == 204
    assert amocrm.get(COMPANIES, **{"filter[id][]": company_id}).status == 204
    assert amocrm.get(f"{COMPANIES}/{company_id}").json["name"] == "A"
    amocrm.control("POST", "clock", {"advance": 31})
    assert ids(amocrm.get(COMPANIES)) == [company_id]


def test_lists_show_the_old_state_until_the_index_catches_up(amocrm: Talker) -> None:
    amocrm.set(index_lag_seconds=30)
    (company_id,) = create(amocrm, {"name": "old"})
    amocrm.control("POST", "clock", {"advance": 31})
    amocrm.patch(COMPANIES, [{"id": company_id, "name": "new"}])
    assert amocrm.get(COMPANIES, query="new").status == 204
    assert ids(amocrm.get(COMPANIES, query="old")) == [company_id]
    amocrm.control("POST", "clock", {"advance": 31})
    assert ids(amocrm.get(COMPANIES, query="new")) == [company_id]


def test_deleted_companies_are_not_listed(amocrm: Talker) -> None:
    gone, stays = create(amocrm, {"name": "A"}, {"name": "B"})
    amocrm.control("DELETE", f"companies/{gone}")
    assert ids(amocrm.get(COMPANIES)) == [stays]
    assert ids(amocrm.get(COMPANIES, **{"with": "only_deleted"})) == [gone]


def test_pages_drift_when_rows_go_away_between_them(amocrm: Talker) -> None:
    created = create(amocrm, *({"name": str(number)} for number in range(4)))
    assert ids(amocrm.get(COMPANIES, limit=2, page=1)) == created[:2]
    amocrm.control("DELETE", f"companies/{created[0]}")
    assert ids(amocrm.get(COMPANIES, limit=2, page=2)) == created[3:]


def test_leads_are_embedded_when_asked_for(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    lead = amocrm.control("POST", "leads", {"company_id": company_id})
    asked = amocrm.get(f"{COMPANIES}/{company_id}", **{"with": "leads"}).json
    assert asked["_embedded"]["leads"] == [{"id": lead["id"]}]
    plain = amocrm.get(f"{COMPANIES}/{company_id}").json
    assert plain["_embedded"].keys() == {"tags"}


def test_leads_move_from_company_to_company(amocrm: Talker) -> None:
    one, other = create(amocrm, {"name": "A"}, {"name": "B"})
    leads = [
        amocrm.control("POST", "leads", {"company_id": company_id})["id"]
        for company_id in (one, other, other)
    ]

    def embedded(company_id: int) -> list[int]:
        company = amocrm.get(f"{COMPANIES}/{company_id}", **{"with": "leads"}).json
        return [lead["id"] for lead in company["_embedded"]["leads"]]

    amocrm.control("PATCH", f"leads/{leads[0]}", {"company_id": other})
    assert (embedded(one), embedded(other)) == ([], leads)
    amocrm.control("PATCH", f"leads/{leads[1]}", {"company_id": None})
    assert embedded(other) == [leads[0], leads[2]]
