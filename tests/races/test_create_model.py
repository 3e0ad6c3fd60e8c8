"""The create protocol holds in every state that can be reached, and each of its parts is needed.

A variant with a hole that is not found would say that the model is blind, not that the hole is harmless.
"""

from dataclasses import replace
from pkgutil import resolve_name

import pytest

from tests.races.create_model import (
    AS_BUILT,
    BROKEN,
    PRODUCTION,
    WORLD,
    Variant,
    explorer,
)

ENOUGH_STATES = 250_000


def test_protocol_makes_no_second_company_and_leaves_nobody_stuck() -> None:
    """With one crash; `make model` takes two, and the time for it."""
    found = explorer(replace(AS_BUILT, crashes=1)).explore()
    assert not found.bad, found.trace
    assert found.stuck is None
    assert found.states >= ENOUGH_STATES
    taken = {name.partition(": ")[2] for name in found.names}
    assert taken == (PRODUCTION.keys() | WORLD) - {"mark returns"}


@pytest.mark.parametrize("variant", BROKEN, ids=lambda variant: variant.name)
def test_hole_in_the_protocol_is_found(variant: Variant) -> None:
    """The shortest way to two companies: `pytest -rP` shows it."""
    found = explorer(variant).explore(first_bad_only=True)
    assert found.bad
    names = [name for name, _ in found.trace]
    assert names.count("amoCRM: write") == 2
    print("\n".join(names))  # noqa: T201


@pytest.mark.parametrize(("step", "path"), PRODUCTION.items())
def test_step_has_the_name_of_what_production_calls(step: str, path: str) -> None:
    """Renaming on one side fails here."""
    function = resolve_name(path)
    assert callable(function)
    assert path.endswith(f".{step}")
