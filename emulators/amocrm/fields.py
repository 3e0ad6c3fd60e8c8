"""Custom fields of one kind of entity: definitions, enum values, and the ids amoCRM gives them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CHOICE_TYPES = frozenset({"select", "multiselect", "radiobutton"})
CREATABLE_TYPES = CHOICE_TYPES | {
    "text", "numeric", "checkbox", "date", "date_time", "url", "textarea", "streetaddress",
    "smart_address", "birthday", "legal_entity", "monetary", "file",
}  # fmt: skip
ADDRESS_PARTS = ("address_line_1", "address_line_2", "city", "state", "zip", "country")
PHONE_KINDS = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAIL_KINDS = ("WORK", "PRIV", "OTHER")


@dataclass(slots=True)
class EnumValue:
    id: int
    value: str
    sort: int
    code: str | None = None


@dataclass(slots=True)
class CustomField:
    """`slot`: where a company keeps the field's value; never given to another field."""

    id: int
    slot: int
    name: str
    type: str
    code: str | None = None
    sort: int = 500
    is_api_only: bool = False
    is_predefined: bool = False
    required_statuses: list[Any] = field(default_factory=list)
    group_id: str | None = None
    remind: str | None = None
    enums: dict[int, EnumValue] = field(default_factory=dict)
    by_value: dict[str, int] = field(default_factory=dict)
    by_code: dict[str, int] = field(default_factory=dict)

    def set_enums(self, enums: list[EnumValue]) -> None:
        """The full list: values that are not in it are gone."""
        self.enums = {each.id: each for each in enums}
        self.by_value = {each.value: each.id for each in enums}
        self.by_code = {each.code: each.id for each in enums if each.code}


class FieldBook:
    """The fields of companies, or of leads. Ids of the two never meet, enum ids neither."""

    def __init__(self, entity: str, *, first_id: int) -> None:
        self.entity = entity
        self.by_id: dict[int, CustomField] = {}
        self.by_code: dict[str, CustomField] = {}
        self.slots: list[CustomField | None] = []
        self._next_id = first_id
        self._next_enum_id = first_id * 10

    def __iter__(self) -> Iterator[CustomField]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def add(self, *, name: str, type: str, code: str | None = None, **more: Any) -> CustomField:
        created = CustomField(
            id=self._next_id, slot=len(self.slots), name=name, type=type, code=code, **more
        )
        self._next_id += 2
        self.slots.append(created)
        self.by_id[created.id] = created
        if code is not None:
            self.by_code[code] = created
        return created

    def new_enum(self, *, value: str, sort: int, code: str | None = None) -> EnumValue:
        self._next_enum_id += 2
        return EnumValue(self._next_enum_id, value, sort, code)

    def remove(self, gone: CustomField) -> None:
        """Values that companies have of it are not shown any more."""
        del self.by_id[gone.id]
        if gone.code is not None:
            del self.by_code[gone.code]
        self.slots[gone.slot] = None

    def recode(self, changed: CustomField, code: str | None) -> None:
        if changed.code is not None:
            del self.by_code[changed.code]
        if code is not None:
            self.by_code[code] = changed
        changed.code = code

    def find(self, key: str) -> CustomField | None:
        """By code, by name, or by id, in this order."""
        named = (each for each in self if each.name == key)
        by_id = self.by_id.get(int(key)) if key.isdigit() else None
        return self.by_code.get(key) or next(named, None) or by_id


def company_fields() -> FieldBook:
    """With the predefined fields of a new account."""
    book = FieldBook("companies", first_id=293_001)
    for name, code, kinds in (("Телефон", "PHONE", PHONE_KINDS), ("Email", "EMAIL", EMAIL_KINDS)):
        created = book.add(name=name, type="multitext", code=code, is_predefined=True)
        created.set_enums(_kinds(book, kinds))
    book.add(name="Web", type="url", code="WEB", is_predefined=True)
    book.add(name="Адрес", type="textarea", code="ADDRESS", is_predefined=True)
    return book


def lead_fields() -> FieldBook:
    """What the managers of the account have set up for leads."""
    book = FieldBook("leads", first_id=593_001)
    book.add(name="Ссылка на профиль", type="url")
    book.add(name="Телефон для выгрузки", type="text")
    return book


def _kinds(book: FieldBook, kinds: tuple[str, ...]) -> list[EnumValue]:
    return [
        book.new_enum(value=kind, code=kind, sort=number) for number, kind in enumerate(kinds, 1)
    ]
