"""Values, fields and fingerprints."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companies import fielding, normalising
from companies.fields import ROWS, FieldPlan
from tests.factories import MOSCOW, PLAN, export


def _fingerprint(**values: Any) -> bytes:
    return export(seller_id="s1", **values).fingerprint


@pytest.mark.parametrize(
    ("given_phone", "expected"),
    [
        ("+79001234567", ("+79001234567", True)),
        ("8 (900) 123-45-67", ("+79001234567", True)),
        ("9001234567", ("+79001234567", True)),
        ("+49 30 901820", ("+4930901820", True)),
        ("звоните вечером", ("звоните вечером", False)),
        ("12", ("12", False)),
    ],
)
def test_phone_is_e164_where_it_parses_and_else_as_it_came(
    given_phone: str, expected: tuple[str, bool]
) -> None:
    assert normalising.phone(given_phone) == expected


@given(st.text(max_size=40))
def test_normalising_a_phone_twice_changes_nothing(phone: str) -> None:
    once = normalising.phone(phone)
    assert normalising.phone(once[0]) == once


def test_fast_path_agrees_with_the_library() -> None:
    fast = normalising.phone("+79001234567")
    slow = normalising.phone(" +79001234567")
    assert fast == slow


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2050, 1, 1)))  # noqa: DTZ001
def test_stamp_is_the_same_calendar_day_in_every_zone_amocrm_may_cut_in(moment: datetime) -> None:
    day = normalising.calendar_day(moment.replace(tzinfo=UTC), MOSCOW)
    stamp = datetime.fromtimestamp(normalising.day_stamp(day), UTC)
    for zone in ("UTC", "Europe/Moscow", "Asia/Vladivostok", "America/Los_Angeles"):
        assert stamp.astimezone(ZoneInfo(zone)).date() == day


def test_day_is_cut_in_the_configured_zone() -> None:
    late = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert normalising.calendar_day(late, MOSCOW).isoformat() == "2026-11-22"


def test_table_has_every_field_of_the_contract_that_is_not_a_status_or_the_name() -> None:
    assert len({row.code for row in ROWS}) == len(ROWS) == 14


def test_empty_values_clear_their_fields() -> None:
    made = export(phone="", email=None, categories=())
    values = {value["field_code"]: value["values"] for value in made.values}
    assert values["PHONE"] is values["EMAIL"] is values["AMONITION_CATEGORIES"] is None
    assert values["AMONITION_AUTOLOAD"] == [{"value": False}]


def test_statuses_without_a_field_of_their_own_are_summed() -> None:
    made = export()
    values = {value["field_code"]: value["values"] for value in made.values}
    assert values["AMONITION_OFFERS_ACTIVE"] == [{"value": 1}]
    assert values["AMONITION_OFFERS_OTHER"] == [{"value": 2}]


@pytest.mark.parametrize(
    "change",
    [{"name": "Другой"}, {"phone": None}, {"offers_total": 4}, {"has_used": True}],
    ids=lambda change: next(iter(change)),
)
def test_fingerprint_changes_with_each_exported_value(change: dict[str, object]) -> None:
    assert _fingerprint() == _fingerprint()
    assert _fingerprint(**change) != _fingerprint()


def test_fingerprint_ignores_what_is_not_exported() -> None:
    assert _fingerprint(as_of=datetime(2020, 1, 1, tzinfo=UTC)) == _fingerprint()
    assert _fingerprint(phone="8 900 123 45 67") == _fingerprint()


def test_lost_field_in_amocrm_changes_every_fingerprint() -> None:
    lost = FieldPlan(zone=MOSCOW, statuses=PLAN.statuses, has_other=True, generation=1)
    assert export(lost, seller_id="s1").fingerprint != _fingerprint()


@pytest.mark.django_db
def test_beyond_thirty_statuses_one_field_takes_the_rest() -> None:
    fielding.remember_statuses(f"status {n:02}" for n in range(33))
    plan = fielding.current_plan(generation=0)
    assert (len(plan.statuses), plan.has_other) == (30, True)
    codes = {spec.code for spec in fielding.specs()}
    assert {"AMONITION_OFFERS_OTHER", "AMONITION_OFFERS_STATUS_00"} <= codes
    assert "AMONITION_OFFERS_STATUS_32" not in codes


@pytest.mark.django_db
@given(st.lists(st.text(min_size=1, max_size=30).filter(lambda s: "\x00" not in s), max_size=8))
def test_every_status_gets_a_code_that_no_other_has(statuses: list[str]) -> None:
    fielding.remember_statuses([*statuses, "total", "other", "Total"])
    codes = [spec.code for spec in fielding.specs()]
    assert len(codes) == len(set(codes))
