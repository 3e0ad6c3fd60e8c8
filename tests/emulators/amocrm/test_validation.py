from typing import Any

import orjson
import pytest

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

FIRST_VALUE = "custom_fields_values.0.values.0.value"


@pytest.mark.parametrize(
    ("bad", "error", "path"),
    [
        ({"foo": 1}, "FieldNotExpected", "foo"),
        ({"id": 5}, "FieldNotExpected", "id"),
        ({"tags_to_delete": []}, "FieldNotExpected", "tags_to_delete"),
        ({"name": None}, "InvalidType", "name"),
        ({"name": " "}, "NotBlank", "name"),
        ({"name": "x" * 257}, "TooLong", "name"),
        ({"request_id": ["r"]}, "InvalidType", "request_id"),
        ({"created_at": "now"}, "InvalidType", "created_at"),
        ({"responsible_user_id": 5}, "NotSupportedChoice", "responsible_user_id"),
        ({"tags_to_add": [{"name": "a", "request_id": "0"}]}, "FieldNotExpected",
         "tags_to_add.0.request_id"),
        ({"_embedded": {"leads": []}}, "FieldNotExpected", "_embedded.leads"),
        ({"custom_fields_values": {}}, "InvalidType", "custom_fields_values"),
        ({"custom_fields_values": [5]}, "InvalidType", "custom_fields_values.0"),
        ({"custom_fields_values": [{"values": []}]}, "FieldMissing",
         "custom_fields_values.0.field_id"),
        ({"custom_fields_values": [{"field_code": "PHONE"}]}, "FieldMissing",
         "custom_fields_values.0.values"),
        ({"custom_fields_values": [{"field_id": 5, "values": []}]}, "NotSupportedChoice",
         "custom_fields_values.0.field_id"),
        ({"custom_fields_values": [{"field_id": "5", "values": []}]}, "InvalidType",
         "custom_fields_values.0.field_id"),
        ({"custom_fields_values": [{"field_id": [5], "values": []}]}, "InvalidType",
         "custom_fields_values.0.field_id"),
        ({"custom_fields_values": [{"field_code": "PHONE", "values": [], "enum": 1}]},
         "FieldNotExpected", "custom_fields_values.0.enum"),
    ],
)  # fmt: skip
def test_item_is_refused(amocrm: Talker, bad: dict[str, Any], error: str, path: str) -> None:
    assert errors_of(amocrm.post(COMPANIES, [bad])) == {"0": [(error, path)]}


def test_item_that_is_no_object_is_refused(amocrm: Talker) -> None:
    assert errors_of(amocrm.post(COMPANIES, [{}, 5])) == {"1": [("InvalidType", "")]}


def test_patch_needs_an_id(amocrm: Talker) -> None:
    assert errors_of(amocrm.patch(COMPANIES, [{"name": "A"}])) == {"0": [("FieldMissing", "id")]}


def test_field_is_found_by_id_with_a_null_code_beside(amocrm: Talker) -> None:
    field = add_field(amocrm, "text", "T")
    entry = {"field_id": field["id"], "field_code": None, "values": [{"value": "x"}]}
    (company_id,) = create(amocrm, {"custom_fields_values": [entry]})
    assert values_of(amocrm, company_id, "T") == ["x"]


def test_one_bad_item_refuses_the_whole_batch(amocrm: Talker) -> None:
    batch = [{"name": "A"}, {"name": 5, "request_id": "x"}, {"foo": 1, "bar": 2}]
    assert errors_of(amocrm.post(COMPANIES, batch)) == {
        "x": [("InvalidType", "name")],
        "2": [("FieldNotExpected", "foo"), ("FieldNotExpected", "bar")],
    }
    assert amocrm.get(COMPANIES).status == 204


def test_refusal_has_the_documented_shape(amocrm: Talker) -> None:
    answer = amocrm.post(COMPANIES, [{"foo": 1}])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "validation-errors": [
            {
                "request_id": "0",
                "errors": [
                    {
                        "code": "FieldNotExpected",
                        "path": "foo",
                        "detail": "This field was not expected.",
                    }
                ],
            }
        ],
        "title": "Bad Request",
        "type": "https://httpstatus.es/400",
        "status": 400,
        "detail": "Request validation failed",
    }


def test_250_items_are_taken_and_251_are_too_many(amocrm: Talker) -> None:
    assert amocrm.post(COMPANIES, [{"name": "A"}] * 250).status == 200
    answer = amocrm.post(COMPANIES, [{"name": "A"}] * 251)
    assert (answer.status, answer.json["detail"]) == (422, "Limit 250 per page")
    assert amocrm.control("GET", "audit")["companies"] == 250


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"[{]", b"\xff", b"5", b"null", b'[{"created_at":NaN}]']
)
def test_body_that_is_no_batch_is_a_bad_request(amocrm: Talker, raw: bytes) -> None:
    answer = amocrm.ask("POST", COMPANIES, raw=raw)
    assert (answer.status, answer.json["title"]) == (400, "Bad Request")
    assert "validation-errors" not in answer.json


def test_body_over_4_mib_is_too_large(amocrm: Talker) -> None:
    answer = amocrm.ask("POST", COMPANIES, raw=b'[{"name":"' + b"x" * (4 << 20) + b'"}]')
    assert answer.status == 413
    assert amocrm.get("/api/v4/account").status == 200


@pytest.mark.parametrize("text", ["\\u0000", "a\\ud800b", "\\udfff"])
def test_text_no_database_can_hold_is_named(amocrm: Talker, text: str) -> None:
    raw = f'[{{"name":"good"}},{{"request_id":"bad","name":"{text}"}}]'.encode()
    answer = amocrm.ask("POST", COMPANIES, raw=raw)
    assert errors_of(answer) == {"bad": [("InvalidCharacters", "name")]}


def test_lone_surrogate_deep_in_a_value_is_named(amocrm: Talker) -> None:
    raw = orjson.dumps([item({"PHONE": [{"value": "MARK"}]})]).replace(b"MARK", b"\\udcff")
    assert errors_of(amocrm.ask("POST", COMPANIES, raw=raw)) == {
        "0": [("InvalidCharacters", FIRST_VALUE)]
    }


def test_escaped_backslash_is_not_a_nul(amocrm: Talker) -> None:
    raw = b'[{"name":"\\\\u0000"}]'
    answer = amocrm.ask("POST", COMPANIES, raw=raw)
    assert answer.status == 200


def test_odd_request_id_is_told_back(amocrm: Talker) -> None:
    answer = amocrm.ask("POST", COMPANIES, raw=b'[{"request_id":"\\ud800"}]')
    assert answer.status == 400
    assert b'"request_id": "\\ud800"' in answer.body


def test_surrogate_pairs_are_ordinary_text(amocrm: Talker) -> None:
    answer = amocrm.ask("POST", COMPANIES, raw=b'[{"name":"\\ud83d\\ude00"}]')
    (shown,) = answer.json["_embedded"]["companies"]
    assert read(amocrm, shown["id"])["name"] == "\U0001f600"


def test_text_limit_can_be_switched_off(amocrm: Talker) -> None:
    amocrm.set(text_limit=None)
    assert create(amocrm, {"name": "x" * 5000})
