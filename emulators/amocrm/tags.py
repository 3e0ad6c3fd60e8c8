"""Tags of companies: names, and the ids the account gives them."""

from typing import Any

from emulators.amocrm.problems import NOT_A_CHOICE, NOT_EXPECTED, WRONG_TYPE, RefusedError

FIRST_ID = 80_001


class TagBook:
    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def id_of(self, name: str) -> int:
        """A name seen for the first time gets an id."""
        if name not in self._ids:
            self._ids[name] = FIRST_ID + len(self._ids)
            self._names[self._ids[name]] = name
        return self._ids[name]

    def read(self, value: Any, path: str) -> list[str]:
        """Names from [{"name": ...} or {"id": ...}]."""
        if type(value) is not list:
            raise RefusedError(WRONG_TYPE, path, expected="array")
        return [self._read_one(tag, f"{path}.{index}") for index, tag in enumerate(value)]

    def _read_one(self, tag: Any, path: str) -> str:
        if type(tag) is not dict:
            raise RefusedError(WRONG_TYPE, path, expected="array")
        for key in tag:
            if key not in ("id", "name"):
                raise RefusedError(NOT_EXPECTED, f"{path}.{key}")
        name, number = tag.get("name"), tag.get("id")
        if type(name) is str and name:
            return name
        if type(number) is not int:
            raise RefusedError(WRONG_TYPE, f"{path}.name", expected="string")
        if number not in self._names:
            raise RefusedError(NOT_A_CHOICE, f"{path}.id")
        return self._names[number]
