"""The doctor's steps, and its command."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from companies import fielding
from crm import flood_block
from crm.catalogue import FieldSpec
from crm.doctor import Step, StepName, run_doctor
from tests.clients.emulated import Control
from tests.crm.emulated import asked_at_all, forget_pace
from webhooks.subscriptions import doctor_step

pytestmark = pytest.mark.django_db

WANTED = (
    FieldSpec("AMONITION_SELLER_ID", "text", "ID продавца"),
    FieldSpec("AMONITION_CATEGORIES", "multiselect", "Категории", values=("Авто",)),
    FieldSpec("ADDRESS", None, "Адрес"),
)
LACKING = {StepName.FIELDS, StepName.WEBHOOKS}  # in a new account
ONE_MORE = (FieldSpec("AMONITION_CATEGORIES", "multiselect", "Категории", values=("Авто", "Дом")),)


@pytest.fixture(autouse=True)
def public(settings: Settings) -> None:
    """amoCRM could reach us, if somebody listened there."""
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    settings.WEBHOOK_SECRETS = ["a-secret-of-32-characters-or-so!"]


def steps(*, fix: bool = False, wanted: tuple[FieldSpec, ...] = WANTED) -> dict[StepName, Step]:
    taken = run_doctor(fix=fix, wanted=wanted, webhooks=doctor_step)
    assert [step.name for step in taken] == list(StepName)
    return {step.name: step for step in taken}


def failed(taken: dict[StepName, Step]) -> set[StepName]:
    return {name for name, step in taken.items() if not step.ok}


def test_new_account_lacks_fields_and_subscriptions_and_nothing_else(amocrm: Control) -> None:
    taken = steps()
    assert failed(taken) == LACKING
    assert "AMONITION_SELLER_ID, AMONITION_CATEGORIES; --fix" in taken[StepName.FIELDS].detail
    assert "ID 29000001" in taken[StepName.ACCOUNT].detail
    assert "«Подключение»" in taken[StepName.STATUSES].detail


def test_fix_creates_the_fields_and_subscribes(amocrm: Control) -> None:
    taken = steps(fix=True)
    assert not failed(taken)
    assert {name for name, step in taken.items() if step.fixed} == LACKING
    assert not failed(steps())


def test_fix_mends_nothing_twice(amocrm: Control) -> None:
    steps(fix=True)
    assert not any(step.fixed for step in steps(fix=True).values())


def test_missing_values_are_told_and_added(amocrm: Control) -> None:
    steps(fix=True)
    assert "AMONITION_CATEGORIES: Дом" in steps(wanted=ONE_MORE)[StepName.VALUES].detail
    assert steps(fix=True, wanted=ONE_MORE)[StepName.VALUES].fixed
    assert not failed(steps(wanted=ONE_MORE))


def test_missing_configuration_stops_the_visit(amocrm: Control, settings: Settings) -> None:
    settings.AMOCRM_ACCESS_TOKEN = ""
    taken = steps()
    assert failed(taken) == set(StepName)
    assert "AMOCRM_CLIENT_ID" in taken[StepName.CONFIGURATION].detail
    assert taken[StepName.WEBHOOKS].detail == "не проверено: сначала «настройки»"


def test_missing_encryption_key_is_told(unauthorised: Control, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    assert "ENCRYPTION_KEYS" in steps()[StepName.CONFIGURATION].detail


def test_missing_authorisation_is_told(unauthorised: Control) -> None:
    taken = steps()
    assert "amocrm_authorize" in taken[StepName.TOKEN].detail
    assert taken[StepName.ACCOUNT].detail == "не проверено: сначала «токен»"


def test_flood_block_is_told_and_nothing_is_sent(amocrm: Control) -> None:
    flood_block.record(reason="403")
    taken = steps()
    assert "amocrm_open" in taken[StepName.FLOOD_BLOCK].detail
    assert asked_at_all(amocrm) == 0


def test_limiter_that_nobody_has_opened_yet_is_opened(amocrm: Control) -> None:
    forget_pace()
    assert failed(steps()) == LACKING


def test_dead_token_is_told_and_hides_the_rest(amocrm: Control) -> None:
    amocrm.post("tokens/revoke", {})
    taken = steps()
    assert failed(taken) == set(StepName) - {StepName.CONFIGURATION, StepName.FLOOD_BLOCK}
    assert asked_at_all(amocrm) == 1


def test_other_account_is_told_and_hides_nothing(amocrm: Control, settings: Settings) -> None:
    settings.AMOCRM_ACCOUNT_ID = 1
    assert failed(steps()) == LACKING | {StepName.ACCOUNT}
    settings.AMOCRM_ACCOUNT_ID = 29_000_001
    assert failed(steps()) == LACKING


def test_failing_step_hides_no_later_one(amocrm: Control) -> None:
    amocrm.post(
        "faults",
        [
            {
                "kind": "status_before_commit",
                "status": 500,
                "path": "/api/v4/companies/custom_fields",
            }
        ],
    )
    assert failed(steps()) == LACKING | {StepName.RIGHTS, StepName.VALUES}


def test_missing_rights_are_told_by_fix(amocrm: Control) -> None:
    amocrm.settings(is_admin=False)
    taken = steps(fix=True)
    assert "права администратора" in taken[StepName.FIELDS].detail
    assert failed(taken) == LACKING


def test_unfit_field_is_told_and_not_touched(amocrm: Control) -> None:
    steps(fix=True)
    other = (FieldSpec("AMONITION_SELLER_ID", "numeric", "ID продавца"),)
    assert "имеет тип text" in steps(wanted=other)[StepName.FIELDS].detail
    assert "имеет тип text" in steps(fix=True, wanted=other)[StepName.FIELDS].detail


def test_unknown_status_is_told_with_the_pipelines(amocrm: Control, settings: Settings) -> None:
    settings.AMOCRM_TRANSFER_STATUS = "Такого нет"
    assert "«Такого нет» нет ни в одной воронке (Воронка, Подключение)" in (
        steps()[StepName.STATUSES].detail
    )


def test_status_is_found_by_ids(amocrm: Control, settings: Settings) -> None:
    settings.AMOCRM_TRANSFER_STATUS = "7000201:57000203"
    assert "«Готов выгружать вручную»" in steps()[StepName.STATUSES].detail


def test_command_prints_a_line_for_each_step_and_fails(amocrm: Control) -> None:
    printed = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("amocrm_doctor", stdout=printed)
    lines = printed.getvalue().splitlines()
    assert ended.value.code == 1
    assert len(lines) == len(StepName)
    assert lines[0].startswith("✓ настройки: ")
    assert lines[list(StepName).index(StepName.FIELDS)].startswith("✗ поля компаний: нет полей ")


def test_command_fixes_the_whole_table_of_fields(amocrm: Control) -> None:
    printed = StringIO()
    call_command("amocrm_doctor", "--fix", "--json", stdout=printed)
    told = {step["name"]: step for step in json.loads(printed.getvalue())}
    assert told["поля компаний"]["fixed"]
    assert not failed(steps(wanted=tuple(fielding.specs())))
