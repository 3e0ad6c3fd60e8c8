"""Whose company is whose: what a write's answer confirms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.amocrm.writing import WriteResult, Written, created, updated
from clients.shapes import JsonObject, ShapeError

ASKED = frozenset({"a", "b"})


def answer(*items: object) -> JsonObject:
    return {"_embedded": {"companies": list(items)}}


@pytest.mark.parametrize(
    "stranger",
    [
        {"id": 9},
        {"id": 9, "request_id": "z"},
        {"id": 9, "request_id": None},
        {"id": 9, "request_id": ["a"]},
        {"id": 9, "request_id": 0},
        {"request_id": "b"},
        {"id": None, "request_id": "b"},
        {"id": "9", "request_id": "b"},
        {"id": 9, "request_id": "a"},  # a second company for one draft: somebody has to look
        {"id": 1, "request_id": "b"},  # one company for two drafts: believed once
        {},
    ],
)
def test_strange_item_confirms_nothing(stranger: JsonObject) -> None:
    found = answer({"id": 1, "request_id": "a"}, stranger)
    assert created(found, ASKED) == WriteResult({"a": Written(1, None)}, frozenset({"b"}))


@pytest.mark.parametrize("found", [{}, {"_embedded": {}}, {"_embedded": {"companies": {}}}])
def test_answer_without_a_list_is_no_confirmation(found: JsonObject) -> None:
    with pytest.raises(ShapeError):
        created(found, ASKED)


def test_update_is_confirmed_without_request_ids() -> None:
    found = answer({"id": 2, "updated_at": 7}, {"id": 1, "updated_at": 5})
    assert updated(found, ASKED, {1: "a", 2: "b"}) == WriteResult(
        {"a": Written(1, 5), "b": Written(2, 7)}, frozenset()
    )


def test_update_is_not_confirmed_by_a_request_id_on_another_company() -> None:
    found = answer({"id": 9, "request_id": "a"}, {"id": 2, "request_id": "a"})
    assert updated(found, ASKED, {1: "a", 2: "b"}) == WriteResult(
        {"b": Written(2, None)}, frozenset({"a"})
    )


@settings(deadline=None)  # how long it takes on a busy machine says nothing
@given(st.permutations(range(20)), st.integers(0, 20))
def test_any_order_confirms_the_same(order: list[int], mentioned: int) -> None:
    asked = frozenset(f"s{number}" for number in range(20))
    items = [{"id": 100 + number, "request_id": f"s{number}"} for number in order[:mentioned]]
    result = created(answer(*items), asked)
    assert result.written == {f"s{n}": Written(100 + n, None) for n in order[:mentioned]}
    assert result.missing == {f"s{n}" for n in order[mentioned:]}
