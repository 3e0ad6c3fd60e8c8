"""Fields and companies that contract tests need."""

from typing import Any

from tests.emulators.talking import Answer, Talker

COMPANIES = "/api/v4/companies"
FIELDS = "/api/v4/companies/custom_fields"


def add_field(amocrm: Talker, kind: str, code: str, **more: Any) -> dict[str, Any]:
    answer = amocrm.post(FIELDS, [{"name": code.title(), "type": kind, "code": code, **more}])
    assert answer.status == 200, answer.body
    field: dict[str, Any] = answer.json["_embedded"]["custom_fields"][0]
    return field


def item(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An item of a batch; `values`: field code to the list of its values."""
    fields = [{"field_code": code, "values": value} for code, value in values.items()]
    return {"custom_fields_values": fields, **more}


def create(amocrm: Talker, *items: dict[str, Any]) -> list[int]:
    answer = amocrm.post(COMPANIES, list(items))
    assert answer.status == 200, answer.body
    return [each["id"] for each in answer.json["_embedded"]["companies"]]


def read(amocrm: Talker, company_id: int) -> dict[str, Any]:
    company: dict[str, Any] = amocrm.get(f"{COMPANIES}/{company_id}").json
    return company


def values_of(amocrm: Talker, company_id: int, code: str) -> list[Any]:
    """The values shown for one field, [] when it is empty."""
    shown = read(amocrm, company_id)["custom_fields_values"] or []
    return [
        element["value"] for field in shown if field["field_code"] == code
        for element in field["values"]
    ]  # fmt: skip


def errors_of(answer: Answer) -> dict[str, list[tuple[str, str]]]:
    """request_id to the (code, path) of its errors."""
    assert answer.status == 400, answer.body
    return {
        each["request_id"]: [(error["code"], error["path"]) for error in each["errors"]]
        for each in answer.json["validation-errors"]
    }
