"""What the account consists of: fields, stages, leads, notes, subscriptions."""

import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.custom_fields import CustomField, NewField
from clients.amocrm.entities import Entity
from clients.amocrm.notes import Note
from clients.amocrm.writing import CompanyDraft
from clients.errors import (
    NoRightsError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    ValidationError,
)
from clients.pacing import Lane
from tests.clients.amocrm.conftest import Account
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking

LANE = Lane.INTERACTIVE
KINDS = NewField("KINDS", "Kinds", "multiselect", enums=("cars", "flats"))


def kinds(crm: AmoCrm) -> CustomField:
    [field] = crm.custom_fields.create(Entity.COMPANIES, [KINDS], lane=LANE)
    return field


def listed(crm: AmoCrm, code: str) -> CustomField:
    [field] = [
        field for field in crm.custom_fields.list(Entity.COMPANIES, lane=LANE) if field.code == code
    ]
    return field


def test_predefined_fields_are_listed(crm: AmoCrm) -> None:
    phone = listed(crm, "PHONE")
    assert (phone.type, phone.name, phone.api_only) == ("multitext", "Телефон", False)
    assert "WORK" in phone.enums
    leads = crm.custom_fields.list(Entity.LEADS, lane=LANE)
    assert [field.name for field in leads] == ["Ссылка на профиль", "Телефон для выгрузки"]


def test_more_fields_than_a_page_has_are_listed(crm: AmoCrm) -> None:
    new = [NewField(f"F{number}", f"Field {number}", "text") for number in range(300)]
    crm.custom_fields.create(Entity.COMPANIES, new[:250], lane=LANE)
    crm.custom_fields.create(Entity.COMPANIES, new[250:], lane=LANE)
    codes = {field.code for field in crm.custom_fields.list(Entity.COMPANIES, lane=LANE)}
    assert codes >= {field.code for field in new}


def test_created_field_is_as_it_was_asked_for(crm: AmoCrm) -> None:
    field = kinds(crm)
    assert (field.code, field.name, field.type) == ("KINDS", "Kinds", "multiselect")
    assert field.enums.keys() == {"cars", "flats"}
    assert listed(crm, "KINDS") == field


def test_api_only_field_stays_so(crm: AmoCrm) -> None:
    new = NewField("ATTEMPT", "Attempt", "text", api_only=True)
    [field] = crm.custom_fields.create(Entity.COMPANIES, [new], lane=LANE)
    assert field.api_only


def test_code_that_is_taken_is_named(crm: AmoCrm) -> None:
    kinds(crm)
    other = NewField("OTHER", "Other", "text")
    with pytest.raises(ValidationError) as refused:
        crm.custom_fields.create(Entity.COMPANIES, [other, KINDS], lane=LANE)
    assert refused.value.items.keys() == {"KINDS"}


def test_fields_are_for_administrators(account: Account, crm: AmoCrm) -> None:
    account.control.settings(is_admin=False)
    with pytest.raises(NoRightsError):
        kinds(crm)
    assert account.pace.closed == []


def test_new_values_leave_the_old_ones_as_they_are(crm: AmoCrm) -> None:
    field = kinds(crm)
    changed = crm.custom_fields.add_enum_values(field, ["dogs", "cars", "dogs"], lane=LANE)
    assert changed.enums.keys() == {"cars", "flats", "dogs"}
    assert field.enums.items() < changed.enums.items()
    assert listed(crm, "KINDS") == changed


def test_values_a_manager_added_meanwhile_are_kept(crm: AmoCrm) -> None:
    before = kinds(crm)
    crm.custom_fields.add_enum_values(before, ["by a manager"], lane=LANE)
    changed = crm.custom_fields.add_enum_values(before, ["dogs"], lane=LANE)
    assert changed.enums.keys() == {"cars", "flats", "by a manager", "dogs"}


def test_values_that_are_there_cost_no_write(account: Account, crm: AmoCrm) -> None:
    field = kinds(crm)
    before = len(account.pace.reserved)
    assert crm.custom_fields.add_enum_values(field, ["flats"], lane=LANE) == field
    assert len(account.pace.reserved) - before == 1


def test_field_that_is_gone_is_told(account: Account, crm: AmoCrm) -> None:
    field = kinds(crm)
    account.control.delete("custom_fields/KINDS")
    with pytest.raises(UnexpectedAnswerError):
        crm.custom_fields.add_enum_values(field, ["dogs"], lane=LANE)


def test_pipelines_have_their_stages(crm: AmoCrm) -> None:
    first, second = crm.leads.pipelines(lane=LANE)
    assert (first.name, second.name) == ("Воронка", "Подключение")
    [transfer] = [each for each in second.statuses if each.name == "Готов выгружать вручную"]
    assert transfer.pipeline_id == second.pipeline_id
    assert {142, 143} <= {each.status_id for each in first.statuses}
    assert not first.is_archive


def test_lead_tells_its_stage_its_company_and_its_fields(account: Account, crm: AmoCrm) -> None:
    written = crm.companies.create([CompanyDraft("c", {"name": "C"})], lane=LANE).written["c"]
    made = account.control.post(
        "leads",
        {
            "name": "Deal",
            "status": "Готов выгружать вручную",
            "company_id": written.company_id,
            "fields": {"Ссылка на профиль": "https://example.ru/p"},
        },
    )
    lead = crm.leads.get(made["id"], lane=LANE)
    assert lead is not None
    assert (lead.lead_id, lead.name, lead.company_id) == (made["id"], "Deal", written.company_id)
    assert (lead.pipeline_id, lead.status_id) == (made["pipeline_id"], made["status_id"])
    [(field_id, values)] = lead.fields.items()
    assert values == ("https://example.ru/p",)
    for wanted in (field_id, "Ссылка на профиль", " ссылка  на профиль "):
        assert lead.text(wanted) == "https://example.ru/p"
    assert lead.text("Телефон для выгрузки") == lead.text("") == ""
    assert not lead.is_deleted


def test_lead_may_have_no_company(account: Account, crm: AmoCrm) -> None:
    made = account.control.post("leads", {"name": "Deal"})
    lead = crm.leads.get(made["id"], lane=LANE)
    assert lead is not None
    assert lead.company_id is None


def test_unknown_lead_is_none(crm: AmoCrm) -> None:
    assert crm.leads.get(1, lane=LANE) is None


def test_note_is_added_and_listed(account: Account, crm: AmoCrm) -> None:
    made = account.control.post("leads", {"name": "Deal"})
    assert crm.notes.list(Entity.LEADS, made["id"], lane=LANE) == ()
    note_id = crm.notes.add(Entity.LEADS, made["id"], "Выгружен", lane=LANE)
    [note] = crm.notes.list(Entity.LEADS, made["id"], lane=LANE)
    assert note == Note(note_id, "common", "Выгружен", note.created_at)
    lead = crm.leads.get(made["id"], lane=LANE)
    assert lead is not None
    assert note.created_at is not None
    assert lead.created_at is not None
    assert note.created_at >= lead.created_at


def test_note_without_a_confirmation_is_unknown(account: Account, crm: AmoCrm) -> None:
    made = account.control.post("leads", {"name": "Deal"})
    account.control.fault("no_content", method="POST")
    with pytest.raises(UnknownOutcomeError):
        crm.notes.add(Entity.LEADS, made["id"], "Выгружен", lane=LANE)


def test_subscription_is_made_once_for_an_address(crm: AmoCrm) -> None:
    assert crm.webhooks.list(lane=LANE) == ()
    first = crm.webhooks.subscribe("https://example.ru/hook", ["add_company"], lane=LANE)
    second = crm.webhooks.subscribe(
        "https://example.ru/hook", ["status_lead", "update_company"], lane=LANE
    )
    assert first.events == {"add_company"}
    assert second.events == {"status_lead", "update_company"}
    assert crm.webhooks.list(lane=LANE) == (second,)
    assert second.url == "https://example.ru/hook"
    assert not second.disabled


HOOK = "https://example.ru/hook"


def test_subscription_is_ended(crm: AmoCrm) -> None:
    kept = crm.webhooks.subscribe("https://example.ru/other", ["add_company"], lane=LANE)
    crm.webhooks.subscribe(HOOK, ["add_company"], lane=LANE)
    crm.webhooks.unsubscribe(HOOK, lane=LANE)
    assert crm.webhooks.list(lane=LANE) == (kept,)
    crm.webhooks.unsubscribe(HOOK, lane=LANE)
    assert crm.webhooks.list(lane=LANE) == (kept,)


def test_subscriptions_are_ended_by_administrators(account: Account, crm: AmoCrm) -> None:
    account.control.settings(is_admin=False)
    with pytest.raises(NoRightsError):
        crm.webhooks.unsubscribe(HOOK, lane=LANE)


@pytest.mark.parametrize("kind", ["reset_after_commit", "status_after_commit", "html_200"])
def test_end_of_a_subscription_may_be_asked_for_again(
    account: Account, crm: AmoCrm, kind: str
) -> None:
    crm.webhooks.subscribe(HOOK, ["add_company"], lane=LANE)
    account.control.fault(kind, method="DELETE")
    with pytest.raises(UnknownOutcomeError) as lost:
        crm.webhooks.unsubscribe(HOOK, lane=LANE)
    assert lost.value.repeatable
    crm.webhooks.unsubscribe(HOOK, lane=LANE)
    assert crm.webhooks.list(lane=LANE) == ()


def test_404_of_a_gateway_ends_no_subscription() -> None:
    page = reply(b"<html>", "404 Not Found", kind="text/html")
    with talking(answering(page)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        AmoCrm(transport).webhooks.unsubscribe(HOOK, lane=LANE)


def test_subscription_that_is_refused_is_no_matter_of_size(crm: AmoCrm) -> None:
    with pytest.raises(ValidationError):
        crm.webhooks.subscribe("https://example.ru/hook", ["no_such_event"], lane=LANE)


def test_account_tells_who_it_is(account: Account, crm: AmoCrm) -> None:
    record = crm.account.get(lane=LANE)
    assert (record.account_id, record.subdomain) == (29_000_001, "emulator")
    assert record.filters_enabled
    account.control.settings(filter_enabled=False)
    assert not crm.account.get(lane=LANE).filters_enabled


CHANGED = (
    b'{"id":5,"code":"KINDS","name":"Kinds","type":"multiselect","enums":[{"id":1,"value":"a"}]}'
)


@pytest.mark.parametrize(
    "answer", [CHANGED, b'{"_embedded":{"custom_fields":[' + CHANGED + b"]}}"], ids=["bare", "in"]
)
def test_changed_field_may_come_in_an_envelope(answer: bytes) -> None:
    field = CustomField(Entity.COMPANIES, 5, "KINDS", "Kinds", "multiselect", {}, False)
    with talking(answering(reply(CHANGED), reply(answer))) as (transport, _):
        changed = AmoCrm(transport).custom_fields.add_enum_values(field, ["b"], lane=LANE)
    assert changed.enums == {"a": 1}


def test_account_that_is_not_there_is_unexpected() -> None:
    with (
        talking(answering(reply(b"", "204 No Content"))) as (transport, _),
        pytest.raises(UnexpectedAnswerError),
    ):
        AmoCrm(transport).account.get(lane=LANE)


@pytest.mark.parametrize("body", [b'{"id":5,"destination":"https://h/","settings":null}', b"{}"])
def test_subscription_of_another_shape_is_unknown(body: bytes) -> None:
    with talking(answering(reply(body))) as (transport, _), pytest.raises(UnknownOutcomeError):
        AmoCrm(transport).webhooks.subscribe("https://h/", ["add_lead"], lane=LANE)


@pytest.mark.parametrize("notes", [b"[]", b'[{"id":1},{"id":2}]', b'[{"id":null}]', b"null"])
def test_note_that_is_not_confirmed_as_one_is_unknown(notes: bytes) -> None:
    body = b'{"_embedded":{"notes":' + notes + b"}}"
    with talking(answering(reply(body))) as (transport, _), pytest.raises(UnknownOutcomeError):
        AmoCrm(transport).notes.add(Entity.LEADS, 1, "text", lane=LANE)


def test_bool_that_is_none_is_unexpected() -> None:
    body = b'{"id":5,"pipeline_id":1,"status_id":2,"is_deleted":"no"}'
    with talking(answering(reply(body))) as (transport, _), pytest.raises(UnexpectedAnswerError):
        AmoCrm(transport).leads.get(5, lane=LANE)
