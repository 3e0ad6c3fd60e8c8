from typing import Any

import pytest

from emulators.amocrm.account import ADMIN_ID, TRANSFER_STATUS
from tests.emulators.amocrm.building import COMPANIES, add_field, create, item
from tests.emulators.amocrm.receiving import Arrived, Receiver, subscribe
from tests.emulators.talking import Talker

MANAGER = ADMIN_ID + 1
ACCOUNT = (
    "account%5Bsubdomain%5D=emulator&account%5Bid%5D=29000001"
    "&account%5B_links%5D%5Bself%5D=https%3A%2F%2Femulator.amocrm.ru"
)


def first_told(amocrm: Talker, receiver: Receiver, *items: dict[str, Any]) -> Arrived:
    """What is told of companies that are created."""
    subscribe(amocrm, receiver.url, "add_company")
    create(amocrm, *items)
    return receiver.wait_for(1)[0]


def test_company_is_told_in_the_captured_shape(amocrm: Talker, receiver: Receiver) -> None:
    phone = item({"PHONE": [{"value": "+7 900 1", "enum_code": "MOB"}]}, name="ООО «Р~а»")
    body = first_told(amocrm, receiver, phone).body
    company = amocrm.get(COMPANIES).json["_embedded"]["companies"][0]
    (field,) = company["custom_fields_values"]
    moment, place = company["updated_at"], "contacts%5Badd%5D%5B0%5D"
    assert body.decode() == (
        f"{place}%5Bid%5D={company['id']}"
        f"&{place}%5Bname%5D=%D0%9E%D0%9E%D0%9E+%C2%AB%D0%A0%7E%D0%B0%C2%BB"
        f"&{place}%5Bresponsible_user_id%5D={ADMIN_ID}"
        f"&{place}%5Bdate_create%5D={moment}&{place}%5Blast_modified%5D={moment}"
        f"&{place}%5Bcreated_user_id%5D={ADMIN_ID}&{place}%5Bmodified_user_id%5D={ADMIN_ID}"
        f"&{place}%5Baccount_id%5D=29000001"
        f"&{place}%5Bcustom_fields%5D%5B0%5D%5Bid%5D={field['field_id']}"
        f"&{place}%5Bcustom_fields%5D%5B0%5D%5Bname%5D=%D0%A2%D0%B5%D0%BB%D0%B5%D1%84%D0%BE%D0%BD"
        f"&{place}%5Bcustom_fields%5D%5B0%5D%5Bvalues%5D%5B0%5D%5Bvalue%5D=%2B7+900+1"
        f"&{place}%5Bcustom_fields%5D%5B0%5D%5Bvalues%5D%5B0%5D%5Benum%5D="
        f"{field['values'][0]['enum_id']}"
        f"&{place}%5Bcustom_fields%5D%5B0%5D%5Bcode%5D=PHONE"
        f"&{place}%5Bcreated_at%5D={moment}&{place}%5Bupdated_at%5D={moment}"
        f"&{place}%5Btype%5D=company&{ACCOUNT}"
    )


def test_transport_is_amocrms(amocrm: Talker, receiver: Receiver) -> None:
    hook = first_told(amocrm, receiver, {"name": "A"})
    assert hook.path == "/hooks/"
    assert hook.headers == {
        "host": receiver.url.split("/")[2],
        "user-agent": "amoCRM-WebHook-client/1.0",
        "accept": "*/*",
        "connection": "close",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(hook.body)),
    }


ENUMS = [{"value": "да"}, {"value": "нет"}]


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        ("text", [{"value": "a&b=c"}], {"[0][value]": "a&b=c"}),
        ("numeric", [{"value": 5}], {"[0][value]": "5"}),
        ("url", [{"value": "https://a.ru/?x=1"}], {"[0][value]": "https://a.ru/?x=1"}),
        ("date", [{"value": 1471813200}], {"[0]": "1471813200"}),
        ("date_time", [{"value": 1471813201}], {"[0]": "1471813201"}),
        ("birthday", [{"value": 255_225_600}], {"[0][value]": "02.02.1978"}),
        ("checkbox", [{"value": True}], {"[0][value]": "1"}),
        (
            "smart_address",
            [{"value": "Мира", "enum_code": "address_line_1"}, {"value": "Омск", "enum_id": 3}],
            {"[0][value]": "Мира", "[0][enum]": "1", "[1][value]": "Омск", "[1][enum]": "3"},
        ),
        (
            "legal_entity",
            [{"value": {"name": "ООО", "entity_type": 2, "kpp": None}}],
            {"[0][value][name]": "ООО", "[0][value][entity_type]": "2"},
        ),
    ],
)
def test_value_has_the_shape_of_its_type(
    amocrm: Talker, receiver: Receiver, kind: str, values: list[Any], shown: dict[str, str]
) -> None:
    field = add_field(amocrm, kind, "FIELD")
    company = first_told(amocrm, receiver, item({"FIELD": values})).item("contacts[add][0]")
    told = {
        name.removeprefix("[custom_fields][0]"): value
        for name, value in company.items()
        if name.startswith("[custom_fields]")
    }
    assert told == {
        "[id]": str(field["id"]),
        "[name]": "Field",
        **{f"[values]{name}": value for name, value in shown.items()},
        "[code]": "FIELD",
    }
    assert list(told)[-1] == "[code]"


@pytest.mark.parametrize(
    ("kind", "values", "shape"),
    [
        ("select", ["нет"], {"[0][value]": "нет", "[0][enum]": 1}),
        ("radiobutton", ["нет"], {"[value]": "нет", "[enum]": 1}),
        (
            "multiselect",
            ["нет", "да"],
            {"[0][value]": "нет", "[0][enum]": 1, "[1][value]": "да", "[1][enum]": 0},
        ),
    ],
)
def test_choice_is_told_with_the_id_of_its_value(
    amocrm: Talker, receiver: Receiver, kind: str, values: list[str], shape: dict[str, Any]
) -> None:
    enums = add_field(amocrm, kind, "FIELD", enums=ENUMS)["enums"]
    chosen = item({"FIELD": [{"value": value} for value in values]})
    company = first_told(amocrm, receiver, chosen).item("contacts[add][0]")
    told = {name: value for name, value in company.items() if "[values]" in name}
    assert told == {
        f"[custom_fields][0][values]{name}": (
            str(enums[value]["id"]) if name.endswith("[enum]") else value
        )
        for name, value in shape.items()
    }


def test_empty_fields_are_not_told(amocrm: Talker, receiver: Receiver) -> None:
    add_field(amocrm, "checkbox", "FLAG")
    add_field(amocrm, "text", "TEXT")
    empty = item({"FLAG": [{"value": False}], "TEXT": [{"value": ""}], "WEB": []})
    company = first_told(amocrm, receiver, empty).item("contacts[add][0]")
    assert not [name for name in company if "custom_fields" in name]


def test_field_without_a_code_is_told_without_one(amocrm: Talker, receiver: Receiver) -> None:
    subscribe(amocrm, receiver.url, "add_lead")
    amocrm.control("POST", "leads", {"fields": {"Телефон для выгрузки": "123"}})
    lead = receiver.wait_for(1)[0].item("leads[add][0]")
    assert lead["[custom_fields][0][values][0][value]"] == "123"
    assert "[custom_fields][0][code]" not in lead


def test_company_is_told_with_its_tags_and_leads(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A", "tags_to_add": [{"name": "vip"}]})
    (tag,) = amocrm.get(f"{COMPANIES}/{company_id}").json["_embedded"]["tags"]
    leads = [amocrm.control("POST", "leads", {"company_id": company_id})["id"] for _ in range(2)]
    subscribe(amocrm, receiver.url, "update_company")
    amocrm.control("PATCH", f"companies/{company_id}", {"name": "B"})
    company = receiver.wait_for(1)[0].item("contacts[update][0]")
    assert (company["[tags][0][id]"], company["[tags][0][name]"]) == (str(tag["id"]), "vip")
    for lead in leads:
        assert company[f"[linked_leads_id][{lead}][ID]"] == str(lead)
    assert list(company)[-1] == "[type]"


def test_responsible_user_changes_in_an_update(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, "responsible_company")
    amocrm.control("PATCH", f"companies/{company_id}", {"name": "not told"})
    amocrm.control("PATCH", f"companies/{company_id}", {"responsible_user_id": MANAGER})
    (hook,) = receiver.wait_for(1)
    company = hook.item("contacts[update][0]")
    assert company["[responsible_user_id]"] == str(MANAGER)
    assert company["[old_responsible_user_id]"] == str(ADMIN_ID)


def test_lead_is_told_in_the_captured_shape(amocrm: Talker, receiver: Receiver) -> None:
    lead_id = amocrm.control(
        "POST", "leads", {"name": "Сделка", "pipeline_id": 7_000_201, "status_id": 57_000_202}
    )["id"]
    subscribe(amocrm, receiver.url, "status_lead")
    moved = {"status": TRANSFER_STATUS, "fields": {"Телефон для выгрузки": "1"}}
    amocrm.control("PATCH", f"leads/{lead_id}", moved)
    lead = amocrm.get(f"/api/v4/leads/{lead_id}").json
    (field,) = lead["custom_fields_values"]
    created, updated = str(lead["created_at"]), str(lead["updated_at"])
    assert list(receiver.wait_for(1)[0].item("leads[status][0]").items()) == [
        ("[id]", str(lead_id)),
        ("[name]", "Сделка"),
        ("[status_id]", "57000203"),
        ("[old_status_id]", "57000202"),
        ("[price]", ""),
        ("[responsible_user_id]", str(MANAGER)),
        ("[last_modified]", updated),
        ("[modified_user_id]", str(MANAGER)),
        ("[created_user_id]", str(MANAGER)),
        ("[date_create]", created),
        ("[pipeline_id]", "7000201"),
        ("[account_id]", "29000001"),
        ("[custom_fields][0][id]", str(field["field_id"])),
        ("[custom_fields][0][name]", "Телефон для выгрузки"),
        ("[custom_fields][0][values][0][value]", "1"),
        ("[created_at]", created),
        ("[updated_at]", updated),
    ]


def test_lead_that_changes_its_pipeline_tells_the_old_one(
    amocrm: Talker, receiver: Receiver
) -> None:
    lead_id = amocrm.control("POST", "leads", {"status": "Переговоры"})["id"]
    subscribe(amocrm, receiver.url, "status_lead")
    amocrm.control("PATCH", f"leads/{lead_id}", {"status": TRANSFER_STATUS})
    lead = receiver.wait_for(1)[0].item("leads[status][0]")
    assert (lead["[pipeline_id]"], lead["[old_pipeline_id]"]) == ("7000201", "7000101")


def test_deleted_things_are_told_by_id_only(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    lead = amocrm.control("POST", "leads", {})
    subscribe(amocrm, receiver.url, "delete_company", "delete_lead")
    amocrm.control("DELETE", f"companies/{company_id}")
    amocrm.control("DELETE", f"leads/{lead['id']}")
    bodies = sorted(hook.body.decode() for hook in receiver.wait_for(2))
    gone_company, gone_lead = "contacts%5Bdelete%5D%5B0%5D", "leads%5Bdelete%5D%5B0%5D"
    assert bodies == [
        f"{gone_company}%5Bid%5D={company_id}&{gone_company}%5Btype%5D=company&{ACCOUNT}",
        f"{gone_lead}%5Bid%5D={lead['id']}&{gone_lead}%5Bstatus_id%5D={lead['status_id']}"
        f"&{gone_lead}%5Bpipeline_id%5D={lead['pipeline_id']}&{ACCOUNT}",
    ]


def test_button_tells_a_company_without_any_moment(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, item({"WEB": [{"value": "http://a.ru"}]}, name="A"))
    amocrm.control("POST", "buttons", {"company_id": company_id, "url": f"{receiver.url}feed/?a=1"})
    (hook,) = receiver.wait_for(1)
    assert hook.path == "/hooks/feed/"
    company = hook.item("contacts[update][0]")
    assert (company["[id]"], company["[type]"]) == (str(company_id), "company")
    assert company["[custom_fields][0][values][0][value]"] == "http://a.ru"
    moments = {"[date_create]", "[last_modified]", "[created_at]", "[updated_at]"}
    assert not moments & company.keys()


def test_old_bodies_have_no_account_id(amocrm: Talker, receiver: Receiver) -> None:
    amocrm.set(hook_account="subdomain")
    pairs = first_told(amocrm, receiver, {"name": "A"}).pairs
    assert {name: value for name, value in pairs.items() if name.startswith("account")} == {
        "account[subdomain]": "emulator"
    }
