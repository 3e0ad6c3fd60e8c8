"""What lists are asked for: the fuzzy `query`, filters and orders, of companies and of leads."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from emulators.amocrm.fields import FieldBook
from emulators.amocrm.showing import elements_of
from emulators.amocrm.values import Stored

ORDERS = ("id", "updated_at", "created_at")
_FILTER = re.compile(r"filter\[(\w+)\](?:\[(\w*)\])?(?:\[(\w*)\])?")


class Listed(Protocol):
    """A card: a company or a lead."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def values(self) -> Sequence[Stored]: ...

    def value(self, slot: int) -> Stored: ...


Test = Callable[[Listed], bool]
Card = TypeVar("Card", bound=Listed)


def order_of(given: dict[str, str]) -> tuple[str, bool]:
    """The attribute and whether the greatest comes first; by id unless told otherwise."""
    asked = ((key, given.get(f"order[{key}]")) for key in ORDERS)
    key, direction = next(((key, value) for key, value in asked if value), ("id", "asc"))
    return key, direction.lower() == "desc"


def ordered(cards: Iterable[Card], key: str, *, newest_first: bool) -> list[Card]:
    return sorted(cards, key=lambda each: (getattr(each, key), each.id), reverse=newest_first)


def tests_of(
    book: FieldBook, parameters: list[tuple[str, str]], *, filter_enabled: bool
) -> list[Test]:
    """All of which a card has to pass."""
    tests = []
    if query := dict(parameters).get("query"):
        tests.append(_query_test(book, query.casefold()))
    if not filter_enabled:
        return tests
    wanted: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, value in parameters:
        if match := _FILTER.fullmatch(name):
            first, second, third = (part or "" for part in match.groups())
            of_field = first == "custom_fields_values"
            subject = (first, second if of_field else "")
            bound = third if of_field else second
            kind = bound if bound in ("from", "to") else "is"
            wanted.setdefault(subject, {}).setdefault(kind, []).append(value)
    for (name, field_id), bounds in wanted.items():
        if name == "custom_fields_values":
            tests.append(_field_test(book, field_id, bounds))
        else:
            tests.append(_attribute_test(name, bounds))
    return tests


def _query_test(book: FieldBook, text: str) -> Test:
    """Any text of a card that has the words somewhere in it: look-alikes are found too."""

    def test(card: Listed) -> bool:
        if text in card.name.casefold():
            return True
        return any(text in shown.casefold() for shown in _texts(book, card))

    return test


def _texts(book: FieldBook, card: Listed) -> Iterator[str]:
    for field, stored in zip(book.slots, card.values, strict=False):
        if field is not None and stored is not None:
            yield from (str(element["value"]) for element in elements_of(field, stored))


def _attribute_test(name: str, bounds: dict[str, list[str]]) -> Test:
    def test(card: Listed) -> bool:
        return _fits([getattr(card, name, None)], bounds)

    return test


def _field_test(book: FieldBook, field_id: str, bounds: dict[str, list[str]]) -> Test:
    field = book.by_id.get(int(field_id)) if field_id.isdigit() else None

    def test(card: Listed) -> bool:
        stored = None if field is None else card.value(field.slot)
        if field is None or stored is None:
            return False
        elements = elements_of(field, stored)
        values = [part for each in elements for part in (each["value"], each.get("enum_id"))]
        return _fits(values, bounds)

    return test


def _fits(values: list[Any], bounds: dict[str, list[str]]) -> bool:
    """One of the values is one of those asked for, or lies in the range."""
    if "is" in bounds and not {str(value) for value in values} & set(bounds["is"]):
        return False
    low, high = (_number(bounds.get(bound, [""])[-1]) for bound in ("from", "to"))
    if low is None and high is None:
        return True
    numbers = [number for value in values if (number := _number(str(value))) is not None]
    return any(
        (low is None or low <= number) and (high is None or number <= high) for number in numbers
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
