from emulators.amocrm.account import ADMIN_ID
from tests.emulators.amocrm.building import (
    COMPANIES,
    add_field,
    create,
    errors_of,
    item,
    read,
    values_of,
)
from tests.emulators.talking import Talker

MISSING = 999_999_999


def test_create_answers_200_with_minimal_items(amocrm: Talker) -> None:
    answer = amocrm.post(COMPANIES, [{"name": "Ромашка", "request_id": "r1"}])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/hal+json"
    (shown,) = answer.json["_embedded"]["companies"]
    assert shown.keys() == {"id", "request_id", "_links"}
    assert shown["request_id"] == "r1"


def test_request_id_is_the_index_as_a_string_when_omitted(amocrm: Talker) -> None:
    answer = amocrm.post(COMPANIES, [{"name": "A"}, {"name": "B", "request_id": 5}, {"name": "C"}])
    shown = answer.json["_embedded"]["companies"]
    assert [each["request_id"] for each in shown] == ["0", "5", "2"]


def test_the_same_post_twice_makes_two_companies(amocrm: Talker) -> None:
    first = create(amocrm, {"name": "A", "request_id": "same"})
    second = create(amocrm, {"name": "A", "request_id": "same"})
    assert first != second


def test_ids_grow_with_time(amocrm: Talker) -> None:
    ids = [create(amocrm, {"name": str(number)})[0] for number in range(3)]
    assert ids == sorted(ids)


def test_company_without_name_gets_a_placeholder(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {})
    assert read(amocrm, company_id)["name"] == "Название компании не указано"


def test_company_without_values_shows_null(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    shown = read(amocrm, company_id)
    assert shown["custom_fields_values"] is None
    assert shown["is_deleted"] is False


def test_missing_company_is_an_empty_204(amocrm: Talker) -> None:
    answer = amocrm.get(f"{COMPANIES}/{MISSING}")
    assert (answer.status, answer.body) == (204, b"")


def test_patch_changes_only_what_it_names(amocrm: Talker) -> None:
    (company_id,) = create(
        amocrm, item({"PHONE": [{"value": "+7900"}], "WEB": [{"value": "https://a.ru"}]}, name="A")
    )
    answer = amocrm.patch(COMPANIES, [item({"WEB": [{"value": "https://b.ru"}]}, id=company_id)])
    assert answer.status == 200
    assert read(amocrm, company_id)["name"] == "A"
    assert values_of(amocrm, company_id, "PHONE") == ["+7900"]
    assert values_of(amocrm, company_id, "WEB") == ["https://b.ru"]


def test_patch_answers_with_name_and_time(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    (shown,) = amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}]).json["_embedded"][
        "companies"
    ]
    assert shown.keys() == {"id", "name", "updated_at", "request_id", "_links"}
    assert (shown["id"], shown["name"], shown["request_id"]) == (company_id, "B", "0")


def test_values_are_replaced_as_a_whole(amocrm: Talker) -> None:
    phones = [{"value": "1", "enum_code": "WORK"}, {"value": "2", "enum_code": "MOB"}]
    (company_id,) = create(amocrm, item({"PHONE": phones}))
    amocrm.patch(COMPANIES, [item({"PHONE": [{"value": "3"}]}, id=company_id)])
    assert values_of(amocrm, company_id, "PHONE") == ["3"]


def test_null_and_empty_list_clear(amocrm: Talker) -> None:
    (company_id,) = create(
        amocrm, item({"PHONE": [{"value": "1"}], "WEB": [{"value": "https://a.ru"}]})
    )
    amocrm.patch(COMPANIES, [item({"PHONE": None, "WEB": []}, id=company_id)])
    assert read(amocrm, company_id)["custom_fields_values"] is None


def test_patch_moves_updated_at_with_the_emulated_clock(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    before = read(amocrm, company_id)
    amocrm.control("POST", "clock", {"advance": 3600})
    amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}])
    after = read(amocrm, company_id)
    assert after["updated_at"] - before["updated_at"] >= 3600
    assert after["created_at"] == before["created_at"]


def test_patch_of_a_missing_company_refuses_the_batch(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    batch = [
        {"id": company_id, "name": "B", "request_id": "good"},
        {"id": MISSING, "name": "B", "request_id": "bad"},
    ]
    assert errors_of(amocrm.patch(COMPANIES, batch)) == {"bad": [("NotSupportedChoice", "id")]}
    assert read(amocrm, company_id)["name"] == "A"


def test_patch_of_a_missing_company_can_be_left_out_instead(amocrm: Talker) -> None:
    amocrm.set(patch_missing="omit")
    (company_id,) = create(amocrm, {"name": "A"})
    answer = amocrm.patch(COMPANIES, [{"id": company_id, "name": "B"}, {"id": MISSING}])
    shown = answer.json["_embedded"]["companies"]
    assert [each["id"] for each in shown] == [company_id]
    assert read(amocrm, company_id)["name"] == "B"


def test_single_patch_answers_flat(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    answer = amocrm.patch(f"{COMPANIES}/{company_id}", {"name": "B"})
    assert (answer.status, answer.json["id"], answer.json["name"]) == (200, company_id, "B")


def test_single_patch_can_answer_with_the_envelope(amocrm: Talker) -> None:
    amocrm.set(single_patch_envelope=True)
    (company_id,) = create(amocrm, {"name": "A"})
    answer = amocrm.patch(f"{COMPANIES}/{company_id}", {"name": "B"})
    assert answer.json["_embedded"]["companies"][0]["id"] == company_id


def test_single_patch_takes_an_object_only(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    assert amocrm.patch(f"{COMPANIES}/{company_id}", [{"name": "B"}]).status == 400


def test_answers_can_be_shuffled(amocrm: Talker) -> None:
    amocrm.set(shuffle_answers=True)
    answer = amocrm.post(COMPANIES, [{"request_id": str(number)} for number in range(20)])
    order = [each["request_id"] for each in answer.json["_embedded"]["companies"]]
    assert order != sorted(order, key=int)
    assert sorted(order, key=int) == [str(number) for number in range(20)]


def test_tags_are_replaced_or_added(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"tags_to_add": [{"name": "a"}, {"name": "b"}]})
    amocrm.patch(
        COMPANIES,
        [{"id": company_id, "tags_to_add": [{"name": "c"}], "tags_to_delete": [{"name": "a"}]}],
    )
    shown = read(amocrm, company_id)["_embedded"]["tags"]
    assert [tag["name"] for tag in shown] == ["b", "c"]
    amocrm.patch(COMPANIES, [{"id": company_id, "_embedded": {"tags": [{"id": shown[1]["id"]}]}}])
    assert [tag["name"] for tag in read(amocrm, company_id)["_embedded"]["tags"]] == ["c"]
    amocrm.patch(COMPANIES, [{"id": company_id, "_embedded": {"tags": None}}])
    assert read(amocrm, company_id)["_embedded"]["tags"] == []


def test_responsible_user_must_be_in_the_account(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"responsible_user_id": ADMIN_ID + 1})
    assert read(amocrm, company_id)["responsible_user_id"] == ADMIN_ID + 1
    amocrm.control("DELETE", f"users/{ADMIN_ID + 1}")
    refused = amocrm.post(COMPANIES, [{"responsible_user_id": ADMIN_ID + 1}])
    assert errors_of(refused) == {"0": [("NotSupportedChoice", "responsible_user_id")]}


def test_there_is_no_delete(amocrm: Talker) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    assert amocrm.ask("DELETE", f"{COMPANIES}/{company_id}").status == 405


def test_values_are_shown_with_their_field(amocrm: Talker) -> None:
    field = add_field(amocrm, "select", "KIND", enums=[{"value": "да", "code": "YES"}])
    (company_id,) = create(amocrm, item({"KIND": [{"value": "да"}]}))
    (shown,) = read(amocrm, company_id)["custom_fields_values"]
    assert shown == {
        "field_id": field["id"],
        "field_name": "Kind",
        "field_code": "KIND",
        "field_type": "select",
        "values": [{"value": "да", "enum_id": field["enums"][0]["id"], "enum_code": "YES"}],
    }
