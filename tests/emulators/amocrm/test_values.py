from typing import Any

import pytest

from tests.emulators.amocrm.building import (
    COMPANIES,
    FIELDS,
    create,
    errors_of,
    item,
    values_of,
)
from tests.emulators.talking import Talker


def add_all_fields(amocrm: Talker) -> None:
    kinds = ("text", "numeric", "checkbox", "date", "date_time", "birthday", "url", "textarea")
    choices = ("select", "multiselect", "radiobutton")
    others = ("streetaddress", "smart_address", "legal_entity", "monetary", "file")
    payload: list[dict[str, Any]] = [
        {"name": kind, "type": kind, "code": kind.upper()} for kind in (*kinds, *others)
    ]
    payload += [
        {
            "name": kind,
            "type": kind,
            "code": kind.upper(),
            "enums": [{"value": "one", "code": "ONE"}, {"value": "two"}],
        }
        for kind in choices
    ]
    assert amocrm.post(FIELDS, payload).status == 200


@pytest.mark.parametrize(
    ("code", "values", "shown"),
    [
        ("TEXT", [{"value": "x" * 256}], ["x" * 256]),
        ("TEXT", [{"value": "x", "enum_id": None, "enum_code": None}], ["x"]),
        ("TEXT", [{"value": ""}], []),
        ("TEXTAREA", [{"value": "x" * 5000}], ["x" * 5000]),
        ("NUMERIC", [{"value": 5}], ["5"]),
        ("NUMERIC", [{"value": "5.25"}], ["5.25"]),
        ("MONETARY", [{"value": 12.5}], ["12.5"]),
        ("CHECKBOX", [{"value": False}], [False]),
        ("DATE", [{"value": 1_700_000_000}], [1_700_000_000]),
        ("DATE", [{"value": -86_400}], [-86_400]),
        ("DATE", [{"value": "2023-11-14T22:13:20Z"}], [1_700_000_000]),
        ("DATE_TIME", [{"value": "2023-11-15T01:13:20+03:00"}], [1_700_000_000]),
        ("BIRTHDAY", [{"value": 0}], [0]),
        ("URL", [{"value": "https://пример.рф/путь?a=1"}], ["https://пример.рф/путь?a=1"]),
        ("SELECT", [{"value": "two"}], ["two"]),
        ("SELECT", [{"enum_code": "ONE"}], ["one"]),
        ("RADIOBUTTON", [{"value": "one"}], ["one"]),
        ("MULTISELECT", [{"value": "one"}, {"value": "two"}], ["one", "two"]),
        ("MULTISELECT", [{"value": "one"}, {"enum_code": "ONE"}], ["one"]),
        ("PHONE", [{"value": "8 (900) 1", "enum_code": "MOB"}], ["8 (900) 1"]),
        ("EMAIL", [{"value": "a@b.ru"}, {"value": "c@d.ru", "enum_code": "PRIV"}],
         ["a@b.ru", "c@d.ru"]),
        ("SMART_ADDRESS", [{"value": "Москва", "enum_code": "city"}], ["Москва"]),
        ("LEGAL_ENTITY", [{"value": {"name": "ООО", "vat_id": "1"}}],
         [{"name": "ООО", "vat_id": "1"}]),
        ("FILE", [{"value": {"file_uuid": "u"}}], [{"file_uuid": "u"}]),
    ],
)  # fmt: skip
def test_value_is_taken(amocrm: Talker, code: str, values: list[Any], shown: list[Any]) -> None:
    add_all_fields(amocrm)
    (company_id,) = create(amocrm, item({code: values}))
    assert values_of(amocrm, company_id, code) == shown


@pytest.mark.parametrize(
    ("code", "values", "error", "path"),
    [
        ("TEXT", [{"value": "x" * 257}], "TooLong", "values.0.value"),
        ("TEXT", [{"value": 5}], "InvalidType", "values.0.value"),
        ("TEXT", [{"value": None}], "InvalidType", "values.0.value"),
        ("TEXT", [{"value": "a"}, {"value": "b"}], "TooMany", "values"),
        ("TEXT", [{"value": "a", "enum_code": "X"}], "FieldNotExpected", "values.0.enum_id"),
        ("TEXT", [{}], "FieldMissing", "values.0.value"),
        ("TEXT", ["a"], "InvalidType", "values.0"),
        ("TEXT", "a", "InvalidType", "values"),
        ("NUMERIC", [{"value": "5 шт"}], "InvalidType", "values.0.value"),
        ("NUMERIC", [{"value": "١"}], "InvalidType", "values.0.value"),
        ("NUMERIC", [{"value": True}], "InvalidType", "values.0.value"),
        ("CHECKBOX", [{"value": 1}], "InvalidType", "values.0.value"),
        ("CHECKBOX", [{"value": "true"}], "InvalidType", "values.0.value"),
        ("DATE", [{"value": "2023-11-14"}], "InvalidType", "values.0.value"),
        ("DATE", [{"value": "2023-11-14T22:13:20"}], "InvalidType", "values.0.value"),
        ("DATE", [{"value": "2023-02-30T00:00:00Z"}], "InvalidType", "values.0.value"),
        ("DATE", [{"value": 1.5}], "InvalidType", "values.0.value"),
        ("DATE", [{"value": True}], "InvalidType", "values.0.value"),
        ("URL", [{"value": "example.ru"}], "InvalidUrl", "values.0.value"),
        ("URL", [{"value": "ftp://example.ru"}], "InvalidUrl", "values.0.value"),
        ("URL", [{"value": "https://a b.ru"}], "InvalidUrl", "values.0.value"),
        ("URL", [{"value": "https://"}], "InvalidUrl", "values.0.value"),
        ("SELECT", [{"value": "three"}], "NotSupportedChoice", "values.0.value"),
        ("SELECT", [{"enum_id": 1}], "NotSupportedChoice", "values.0.enum_id"),
        ("SELECT", [{"enum_code": "TWO"}], "NotSupportedChoice", "values.0.enum_code"),
        ("SELECT", [{"value": ["one"]}], "InvalidType", "values.0.value"),
        ("SELECT", [{"value": "one"}, {"value": "two"}], "TooMany", "values"),
        ("RADIOBUTTON", [{"value": "three"}], "NotSupportedChoice", "values.0.value"),
        ("MULTISELECT", [{"value": "one"}, {"value": "three"}], "NotSupportedChoice",
         "values.1.value"),
        ("PHONE", [{"value": "1", "enum": "WORK"}], "FieldNotExpected", "values.0.enum"),
        ("PHONE", [{"value": "1", "enum_code": "CELL"}], "NotSupportedChoice",
         "values.0.enum_code"),
        ("PHONE", [{"value": ""}], "NotBlank", "values.0.value"),
        ("PHONE", [{"value": 7900}], "InvalidType", "values.0.value"),
        ("PHONE", [{"value": "1" * 257}], "TooLong", "values.0.value"),
        ("SMART_ADDRESS", [{"value": "x", "enum_code": "planet"}], "NotSupportedChoice",
         "values.0.enum_code"),
        ("LEGAL_ENTITY", [{"value": {"vat_id": "1"}}], "FieldMissing", "values.0.value.name"),
        ("LEGAL_ENTITY", [{"value": {"name": "x", "y": 1}}], "FieldNotExpected",
         "values.0.value.y"),
        ("FILE", [{"value": "u"}], "InvalidType", "values.0.value"),
        ("NOWHERE", [{"value": "x"}], "NotSupportedChoice", "field_code"),
    ],
)  # fmt: skip
def test_value_is_refused(amocrm: Talker, code: str, values: Any, error: str, path: str) -> None:
    add_all_fields(amocrm)
    answer = amocrm.post(COMPANIES, [item({code: values}, request_id="r")])
    assert errors_of(answer) == {"r": [(error, f"custom_fields_values.0.{path}")]}
