"""What is wanted beside what is there."""

from clients.amocrm.custom_fields import CustomField, NewField
from clients.amocrm.entities import Entity
from crm.field_specs import FieldSpec, compare


def field(code: str, kind: str, *values: str) -> CustomField:
    enums = {value: number for number, value in enumerate(values, 1)}
    return CustomField(Entity.COMPANIES, 1, code, f"Поле {code}", kind, enums, False)


def test_nothing_lacks_where_everything_is_there() -> None:
    wanted = [FieldSpec("A", "text", "А"), FieldSpec("PHONE", None, "Телефон")]
    present = {"A": field("A", "text"), "PHONE": field("PHONE", "multitext")}
    assert compare(wanted, present).is_empty


def test_missing_field_is_to_be_created_with_its_values() -> None:
    spec = FieldSpec("A", "multiselect", "А", values=("x", "y"), api_only=True)
    assert compare([spec], {}).fields == (NewField("A", "А", "multiselect", ("x", "y"), True),)


def test_only_missing_values_are_to_be_added() -> None:
    spec = FieldSpec("A", "multiselect", "А", values=("x", "y"))
    assert compare([spec], {"A": field("A", "multiselect", "y", "z")}).values == {"A": ("x",)}


def test_another_type_is_a_problem_with_both_types_in_words() -> None:
    lacking = compare([FieldSpec("A", "numeric", "А")], {"A": field("A", "text")})
    assert "Поле A («Поле A») имеет тип text, а нужен numeric" in lacking.problems[0]
    assert not lacking.fields


def test_missing_predefined_field_is_a_problem_and_never_created() -> None:
    lacking = compare([FieldSpec("ADDRESS", None, "Адрес")], {})
    assert "ADDRESS" in lacking.problems[0]
    assert not lacking.fields


def test_type_of_a_predefined_field_does_not_matter() -> None:
    assert compare(
        [FieldSpec("ADDRESS", None, "Адрес")], {"ADDRESS": field("ADDRESS", "x")}
    ).is_empty
