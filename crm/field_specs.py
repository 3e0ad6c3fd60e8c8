"""Which fields we want amoCRM to have, and what is missing of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from clients.amocrm.custom_fields import CustomField, NewField


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field, found by its code.

    `kind`: amoCRM's type; None for one that every account has (PHONE), which nobody can create.
    `values`: what has to be choosable in it. `api_only`: managers see it and cannot change it.
    """

    code: str
    kind: str | None
    label: str
    values: tuple[str, ...] = ()
    api_only: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What amoCRM lacks. `problems`: what no program can mend, in words for operators."""

    fields: tuple[NewField, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # code -> enum values
    problems: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether amoCRM has everything."""
        return not (self.fields or self.values or self.problems)


def compare(wanted: Sequence[FieldSpec], present: Mapping[str, CustomField]) -> Difference:
    """`present`: amoCRM's fields by code."""
    missing: list[NewField] = []
    values: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for spec in wanted:
        found = present.get(spec.code)
        if found is None and spec.kind is None:
            problems.append(_no_predefined(spec))
        elif found is None and spec.kind is not None:
            missing.append(NewField(spec.code, spec.label, spec.kind, spec.values, spec.api_only))
        elif found is not None and spec.kind not in (None, found.type):
            problems.append(_other_type(spec, found))
        elif found is not None and (lacking := _lacking(spec, found)):
            values[spec.code] = lacking
    return Difference(tuple(missing), values, tuple(problems))


def with_values(spec: FieldSpec, more: Sequence[str]) -> FieldSpec:
    """The same field with `more` values to choose from."""
    return replace(spec, values=tuple(dict.fromkeys([*spec.values, *more])))


def _lacking(spec: FieldSpec, found: CustomField) -> tuple[str, ...]:
    return tuple(value for value in spec.values if value not in found.enums)


def _no_predefined(spec: FieldSpec) -> str:
    return (
        f"В аккаунте нет стандартного поля компании {spec.code} («{spec.label}»):"
        " создать его через API нельзя, верните его в настройках amoCRM"
    )


def _other_type(spec: FieldSpec, found: CustomField) -> str:
    return (
        f"Поле {spec.code} («{found.name}») имеет тип {found.type}, а нужен {spec.kind}:"
        " удалите его в amoCRM или уберите у него код, и оно будет создано заново"
    )
