from typing import Any

import pytest

from tests.emulators.amocrm.building import (
    COMPANIES,
    FIELDS,
    add_field,
    create,
    errors_of,
    item,
    read,
    values_of,
)
from tests.emulators.talking import Talker


def test_new_account_has_the_predefined_fields(amocrm: Talker) -> None:
    listed = amocrm.get(FIELDS).json
    shown = {field["code"]: field["type"] for field in listed["_embedded"]["custom_fields"]}
    assert shown == {"PHONE": "multitext", "EMAIL": "multitext", "WEB": "url",
                     "ADDRESS": "textarea"}  # fmt: skip
    assert listed["_total_items"] == 4


def test_fields_are_listed_in_pages(amocrm: Talker) -> None:
    amocrm.post(FIELDS, [{"name": f"F{number}", "type": "text"} for number in range(60)])
    first = amocrm.get(FIELDS).json
    assert len(first["_embedded"]["custom_fields"]) == 50
    assert (first["_total_items"], first["_page_count"]) == (64, 2)
    second = amocrm.get(FIELDS, page=2).json
    assert len(second["_embedded"]["custom_fields"]) == 14
    assert "next" in first["_links"]
    assert "next" not in second["_links"]
    assert amocrm.get(FIELDS, page=3).status == 204
    assert amocrm.get(FIELDS, limit=251).status == 422


def test_array_creates_with_200_and_an_object_with_201(amocrm: Talker) -> None:
    several = amocrm.post(FIELDS, [{"name": "A", "type": "text", "request_id": "x"}])
    assert several.status == 200
    assert several.json["_embedded"]["custom_fields"][0]["request_id"] == "x"
    single = amocrm.post(FIELDS, {"name": "B", "type": "numeric", "is_api_only": True})
    assert (single.status, single.json["is_api_only"]) == (201, True)


@pytest.mark.parametrize(
    ("bad", "error", "path"),
    [
        ({"type": "text"}, "FieldMissing", "name"),
        ({"name": "A"}, "FieldMissing", "type"),
        ({"name": "A", "type": "price"}, "NotSupportedChoice", "type"),
        ({"name": "A", "type": "multitext"}, "NotSupportedChoice", "type"),
        ({"name": "A", "type": "text", "code": "PHONE"}, "NotSupportedChoice", "code"),
        ({"name": "A", "type": "text", "size": 1}, "FieldNotExpected", "size"),
        ({"name": "A", "type": "text", "id": 1}, "FieldNotExpected", "id"),
        ({"name": "A", "type": "text", "sort": True}, "InvalidType", "sort"),
        ({"name": " ", "type": "text"}, "NotBlank", "name"),
        ({"name": "A" * 257, "type": "text"}, "TooLong", "name"),
        ({"name": "A", "type": "text", "enums": [{"value": "x"}]}, "FieldNotExpected", "enums"),
        ({"name": "A", "type": "select", "enums": [{"sort": 1}]}, "FieldMissing", "enums.0.value"),
        ({"name": "A", "type": "select", "enums": [{"value": "x"}, {"value": "x"}]},
         "NotSupportedChoice", "enums.1.value"),
        ({"name": "A", "type": "select", "enums": [{"value": "x", "id": 1}]},
         "NotSupportedChoice", "enums.0.id"),
    ],
)  # fmt: skip
def test_bad_definition_is_refused(
    amocrm: Talker, bad: dict[str, Any], error: str, path: str
) -> None:
    good = {"name": "Good", "type": "text", "code": "GOOD"}
    assert errors_of(amocrm.post(FIELDS, [good, bad])) == {"1": [(error, path)]}
    assert amocrm.get(FIELDS).json["_total_items"] == 4


def test_code_twice_in_one_batch_is_refused(amocrm: Talker) -> None:
    twin = {"name": "A", "type": "text", "code": "TWIN"}
    assert errors_of(amocrm.post(FIELDS, [twin, twin])) == {"1": [("NotSupportedChoice", "code")]}


def test_enum_list_is_replaced_as_a_whole_and_ids_stay(amocrm: Talker) -> None:
    field = add_field(amocrm, "multiselect", "CAT", enums=[{"value": "a"}, {"value": "b"}])
    kept = field["enums"][0]
    (company_id,) = create(amocrm, item({"CAT": [{"value": "a"}, {"value": "b"}]}))
    changed = amocrm.patch(
        f"{FIELDS}/{field['id']}",
        {"enums": [{"id": kept["id"], "value": "A", "sort": 1}, {"value": "c", "sort": 2}]},
    )
    assert changed.status == 200
    assert [each["value"] for each in changed.json["enums"]] == ["A", "c"]
    assert changed.json["enums"][0]["id"] == kept["id"]
    assert values_of(amocrm, company_id, "CAT") == ["A"]
    refused = amocrm.patch(COMPANIES, [item({"CAT": [{"value": "b"}]}, id=company_id)])
    assert refused.status == 400


def test_unknown_select_value_makes_no_enum(amocrm: Talker) -> None:
    field = add_field(amocrm, "select", "KIND", enums=[{"value": "a"}])
    assert amocrm.post(COMPANIES, [item({"KIND": [{"value": "b"}]})]).status == 400
    assert len(amocrm.get(f"{FIELDS}/{field['id']}").json["enums"]) == 1


def test_field_can_be_renamed_and_recoded(amocrm: Talker) -> None:
    field = add_field(amocrm, "text", "OLD")
    amocrm.patch(f"{FIELDS}/{field['id']}", {"name": "Новое", "code": "NEW"})
    assert amocrm.post(COMPANIES, [item({"OLD": [{"value": "x"}]})]).status == 400
    (company_id,) = create(amocrm, item({"NEW": [{"value": "x"}]}))
    assert read(amocrm, company_id)["custom_fields_values"][0]["field_name"] == "Новое"


@pytest.mark.parametrize("name", ["\\u0000", "\\ud800"])
def test_name_no_database_can_hold_is_refused(amocrm: Talker, name: str) -> None:
    raw = f'[{{"type":"text","name":"{name}"}}]'.encode()
    assert amocrm.ask("POST", FIELDS, raw=raw).status == 400
    assert amocrm.get(FIELDS).json["_total_items"] == 4


def test_type_of_a_field_stays(amocrm: Talker) -> None:
    field = add_field(amocrm, "text", "T")
    answer = amocrm.patch(f"{FIELDS}/{field['id']}", {"type": "numeric"})
    assert errors_of(answer) == {"0": [("NotSupportedChoice", "type")]}


def test_field_deleted_mid_run_refuses_writes_and_hides_values(amocrm: Talker) -> None:
    add_field(amocrm, "text", "GONE")
    add_field(amocrm, "text", "STAYS")
    (company_id,) = create(amocrm, item({"GONE": [{"value": "x"}], "STAYS": [{"value": "y"}]}))
    amocrm.control("DELETE", "custom_fields/GONE")
    assert amocrm.post(COMPANIES, [item({"GONE": [{"value": "x"}]})]).status == 400
    shown = read(amocrm, company_id)["custom_fields_values"]
    assert [field["field_code"] for field in shown] == ["STAYS"]


def test_value_of_a_deleted_field_does_not_come_back_with_its_code(amocrm: Talker) -> None:
    add_field(amocrm, "text", "CODE")
    (company_id,) = create(amocrm, item({"CODE": [{"value": "x"}]}))
    amocrm.control("DELETE", "custom_fields/CODE")
    add_field(amocrm, "text", "CODE")
    assert read(amocrm, company_id)["custom_fields_values"] is None


def test_enum_deleted_by_a_manager_is_refused(amocrm: Talker) -> None:
    add_field(amocrm, "multiselect", "CAT", enums=[{"value": "a"}, {"value": "б/у"}])
    amocrm.control("DELETE", "enums/CAT/%D0%B1/%D1%83")
    answer = amocrm.post(COMPANIES, [item({"CAT": [{"value": "б/у"}]})])
    assert errors_of(answer) == {
        "0": [("NotSupportedChoice", "custom_fields_values.0.values.0.value")]
    }


def test_field_is_deleted_through_the_api(amocrm: Talker) -> None:
    field = add_field(amocrm, "text", "T")
    assert amocrm.ask("DELETE", f"{FIELDS}/{field['id']}").status == 204
    assert amocrm.get(f"{FIELDS}/{field['id']}").status == 204
    assert amocrm.ask("DELETE", f"{FIELDS}/{field['id']}").status == 404


def test_number_of_fields_is_limited(amocrm: Talker) -> None:
    amocrm.set(fields_limit=5)
    add_field(amocrm, "text", "FIFTH")
    assert amocrm.post(FIELDS, [{"name": "Sixth", "type": "text"}]).status == 400


def test_fields_of_leads_live_in_an_id_space_of_their_own(amocrm: Talker) -> None:
    lead_fields = amocrm.get("/api/v4/leads/custom_fields").json["_embedded"]["custom_fields"]
    company_fields = amocrm.get(FIELDS).json["_embedded"]["custom_fields"]
    assert {field["entity_type"] for field in lead_fields} == {"leads"}
    assert not {f["id"] for f in lead_fields} & {f["id"] for f in company_fields}


def test_only_admins_change_fields(amocrm: Talker) -> None:
    amocrm.set(is_admin=False)
    answer = amocrm.post(FIELDS, [{"name": "A", "type": "text"}])
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert amocrm.get(FIELDS).status == 200
