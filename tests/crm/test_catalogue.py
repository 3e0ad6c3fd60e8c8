"""Fields and enum values in amoCRM: brought about once, and brought back."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from clients.amocrm.custom_fields import CustomField, NewField
from clients.amocrm.entities import Entity
from clients.pacing import Lane
from crm import catalogue
from crm.catalogue import LEASE, CatalogueError, Ensured, FieldSpec
from crm.connection import ready_client
from crm.models import CatalogueField
from operations import leases
from tests.clients.emulated import Control
from tests.crm.emulated import FIELD_CHANGES, FIELD_CREATES, FIELD_LISTS, asked, asked_at_all
from tests.crm.threads import at_once
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)  # other connections see the rows

SELLER = FieldSpec("AMONITION_SELLER_ID", "text", "ID продавца")
ATTEMPT = FieldSpec("AMONITION_ATTEMPT", "text", "Попытка создания", api_only=True)
ADDRESS = FieldSpec("ADDRESS", None, "Адрес")
CARS = FieldSpec("AMONITION_CATEGORIES", "multiselect", "Категории", values=("Авто",))
NO_CATEGORIES = FieldSpec("AMONITION_CATEGORIES", "multiselect", "Категории")
MORE = FieldSpec("AMONITION_CATEGORIES", "multiselect", "Категории", values=("Авто", "Дом"))
VALUES_OF_ONE = "/api/v4/companies/custom_fields/"
WANTED = (SELLER, ATTEMPT, ADDRESS, CARS)


def ensure(*wanted: FieldSpec, **more: Any) -> Ensured:
    with closing(ready_client()) as client:
        return catalogue.ensure(client=client, wanted=wanted or WANTED, **more)


def create(field: NewField) -> None:
    """As another program of the same account does."""
    with closing(ready_client()) as client:
        client.custom_fields.create(Entity.COMPANIES, [field], lane=Lane.BULK)


def add_unguarded(value: str) -> None:
    with closing(ready_client()) as client:
        (field,) = fields(CARS.code)
        client.custom_fields.add_enum_values(field, [value], lane=Lane.INTERACTIVE)


def fields(code: str) -> list[CustomField]:
    """What amoCRM has under this code."""
    with closing(ready_client()) as client:
        found = client.custom_fields.list(Entity.COMPANIES, lane=Lane.BULK)
    return [field for field in found if field.code == code]


def in_thread(*wanted: FieldSpec) -> Ensured:
    try:
        return ensure(*wanted)
    finally:
        connection.close()


# Creating


def test_missing_fields_are_created_with_types_and_values(amocrm: Control) -> None:
    ensured = ensure()
    assert ensured.created == (SELLER.code, ATTEMPT.code, CARS.code)
    assert ensured.generation == 0
    (seller,), (attempt,), (cars,) = fields(SELLER.code), fields(ATTEMPT.code), fields(CARS.code)
    assert (seller.type, seller.name, seller.api_only) == ("text", "ID продавца", False)
    assert attempt.api_only
    assert list(cars.enums) == ["Авто"]


def test_what_was_seen_is_not_asked_again(
    amocrm: Control, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ensure()
    before = asked_at_all(amocrm)
    with django_assert_num_queries(3):
        assert ensure() == Ensured(generation=0)
    assert ensure(SELLER) == Ensured(generation=0)
    assert asked_at_all(amocrm) == before


def test_what_was_seen_long_ago_is_looked_at_again(amocrm: Control) -> None:
    ensure()
    before = asked(amocrm, FIELD_LISTS)
    CatalogueField.objects.update(seen_at=F("seen_at") - catalogue.CHECKED_FOR)
    assert ensure() == Ensured(generation=0)
    assert asked(amocrm, FIELD_LISTS) == before + 1


def test_fresh_look_is_taken_whatever_was_seen(amocrm: Control) -> None:
    ensure()
    before = asked(amocrm, FIELD_LISTS)
    assert ensure(fresh=True) == Ensured(generation=0)
    assert asked(amocrm, FIELD_LISTS) == before + 1


def test_new_value_is_added_and_the_others_keep_their_ids(amocrm: Control) -> None:
    ensure()
    before = fields(CARS.code)[0].enums
    ensured = ensure(MORE)
    after = fields(CARS.code)[0].enums
    assert ensured == Ensured(generation=0, added_values={CARS.code: ("Дом",)})
    assert after["Авто"] == before["Авто"]
    assert list(after) == ["Авто", "Дом"]


def test_field_of_a_manager_with_the_same_name_is_left_alone(amocrm: Control) -> None:
    create(NewField("FOREIGN", SELLER.label, "url"))
    ensure()
    assert fields("FOREIGN")[0].name == fields(SELLER.code)[0].name


# Many at once


@committed
def test_eight_at_once_create_each_field_once(amocrm: Control) -> None:
    amocrm.settings(latency_ms=50)
    ensured = at_once(ensure, threads=8)
    assert asked(amocrm, FIELD_CREATES) == 1
    assert [bool(each.created) for each in ensured].count(True) == 1
    assert len(fields(SELLER.code)) == 1


@committed
def test_values_of_all_who_ask_at_once_are_there_in_the_end(amocrm: Control) -> None:
    """The whole list is written each time: without the lease one would delete the other's."""
    amocrm.settings(latency_ms=50)
    ensure()
    words = iter([f"Категория {number}" for number in range(6)])
    at_once(
        lambda: ensure(FieldSpec(CARS.code, "multiselect", "Категории", values=(next(words),))),
        threads=6,
    )
    assert len(fields(CARS.code)[0].enums) == 7


@committed
def test_without_the_lease_one_deletes_the_others_value(amocrm: Control) -> None:
    """The twin: both read the list, and each writes its own."""
    ensure()
    amocrm.fault("slow_answer", method="GET", path=VALUES_OF_ONE, seconds=0.7, times=2)
    words = iter(["Дом", "Сад"])
    at_once(lambda: add_unguarded(next(words)), threads=2)
    assert len(fields(CARS.code)[0].enums) == 2


@committed
def test_race_lost_to_a_stranger_is_read_again(amocrm: Control) -> None:
    amocrm.fault("slow_answer", path="/api/v4/companies/custom_fields", seconds=0.7)
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(in_thread)
        wait_until(lambda: asked(amocrm, FIELD_LISTS) == 1, seconds=5, what="the first reading")
        create(NewField(SELLER.code, SELLER.label, "text"))
        ours.result()
    assert asked(amocrm, FIELD_CREATES) == 3  # the stranger's, ours in vain, ours without it
    assert len(fields(SELLER.code)) == 1
    assert len(fields(ATTEMPT.code)) == 1


def test_waiting_for_another_process_has_an_end(amocrm: Control) -> None:
    leases.acquire(name=LEASE, holder=uuid.uuid4(), seconds=60)
    with pytest.raises(CatalogueError, match="другой процесс"):
        ensure(patience=0.3)
    assert asked_at_all(amocrm) == 0


def test_lost_answer_creates_nothing_twice(amocrm: Control) -> None:
    amocrm.fault("reset_after_commit", method="POST", path="/api/v4/companies/custom_fields")
    assert SELLER.code in ensure().created
    assert asked(amocrm, FIELD_CREATES) == 1
    assert len(fields(SELLER.code)) == 1


# Losses


def test_deleted_field_comes_back_in_a_new_generation(amocrm: Control) -> None:
    ensure()
    amocrm.delete(f"custom_fields/{SELLER.code}")
    ensured = ensure(fresh=True)
    assert ensured == Ensured(generation=1, created=(SELLER.code,))
    assert ensure(fresh=True) == Ensured(generation=1)
    assert len(fields(SELLER.code)) == 1


def test_deleted_value_comes_back_even_if_nobody_wants_it_today(amocrm: Control) -> None:
    ensure(MORE)
    amocrm.delete(f"enums/{CARS.code}/%D0%94%D0%BE%D0%BC")
    ensured = ensure(NO_CATEGORIES, fresh=True)
    assert ensured == Ensured(generation=1, added_values={CARS.code: ("Дом",)})


def test_deleted_field_comes_back_with_all_its_values(amocrm: Control) -> None:
    ensure(MORE)
    amocrm.delete(f"custom_fields/{CARS.code}")
    ensure(NO_CATEGORIES, fresh=True)
    assert list(fields(CARS.code)[0].enums) == ["Авто", "Дом"]


def test_two_losses_seen_together_are_one_generation(amocrm: Control) -> None:
    ensure()
    amocrm.delete(f"custom_fields/{SELLER.code}")
    amocrm.delete(f"custom_fields/{ATTEMPT.code}")
    assert ensure(fresh=True).generation == 1


def test_loss_that_could_not_be_mended_at_once_is_one_generation(amocrm: Control) -> None:
    ensure(MORE)
    amocrm.delete(f"custom_fields/{CARS.code}")
    amocrm.post("faults", [{"kind": "status_before_commit", "method": "POST", "status": 500}])
    with pytest.raises(CatalogueError, match="не показывает"):
        ensure(NO_CATEGORIES, fresh=True)
    amocrm.delete("faults")
    assert catalogue.generation() == 1
    assert ensure(NO_CATEGORIES) == Ensured(generation=1, created=(CARS.code,))
    assert list(fields(CARS.code)[0].enums) == ["Авто", "Дом"]


def test_value_that_was_never_there_is_no_loss(amocrm: Control) -> None:
    ensure()
    ensure(MORE)
    assert catalogue.generation() == 0


# What only people can mend


def test_field_of_another_type_is_told_in_words(amocrm: Control) -> None:
    create(NewField(SELLER.code, "Чужое поле", "numeric"))
    with pytest.raises(
        CatalogueError,
        match=r"AMONITION_SELLER_ID \(«Чужое поле»\) имеет тип numeric, а нужен text",
    ):
        ensure()
    assert asked(amocrm, FIELD_CREATES) == 1


def test_missing_predefined_field_is_told_and_not_created(amocrm: Control) -> None:
    amocrm.delete("custom_fields/ADDRESS")
    with pytest.raises(CatalogueError, match="ADDRESS"):
        ensure()
    assert asked(amocrm, FIELD_CREATES) == 0


def test_missing_rights_are_told_in_words(amocrm: Control) -> None:
    amocrm.settings(is_admin=False)
    with pytest.raises(CatalogueError, match="права администратора"):
        ensure()


def test_refused_value_is_told_in_amocrms_words(amocrm: Control) -> None:
    with pytest.raises(CatalogueError, match="не приняла поля"):
        ensure(FieldSpec(CARS.code, "multiselect", "Категории", values=("x" * 300,)))
    assert asked(amocrm, FIELD_CHANGES) == 0


def test_exhausted_plan_is_told_in_amocrms_words(amocrm: Control) -> None:
    amocrm.settings(fields_limit=4)
    with pytest.raises(CatalogueError, match="Превышен лимит"):
        ensure()


def test_seen_moment_is_the_reading_not_the_end(amocrm: Control) -> None:
    """A loss after the reading must not look older than what was seen."""
    ensure()
    started = CatalogueField.objects.get(code=SELLER.code).seen_at
    amocrm.fault("slow_answer", path="/api/v4/companies/custom_fields", seconds=0.5)
    ensure(fresh=True)
    seen = CatalogueField.objects.get(code=SELLER.code).seen_at
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
    assert started is not None
    assert seen is not None
    assert started < seen < now - timedelta(seconds=0.5)
