"""PostgreSQL goes away in the middle of a push, and comes back."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

from operations.models import Portion, Run
from tests.world import World

SELLERS = 2_600  # more portions than a pump claims at once
Execute = Callable[..., CursorWrapper]
ADVANCE, CONFIRM = "UPDATE operations_portion AS p", "UPDATE seller_sync s"


def _dies(statement: str, *, answered: bool) -> Callable[..., CursorWrapper]:
    """PostgreSQL ends the session at every third `statement`; `answered`: it was carried out before."""
    numbers = count(1)

    def wrapper(
        execute: Execute, sql: str, params: object, many: bool, context: dict[str, Any]
    ) -> CursorWrapper:
        if statement not in sql or next(numbers) % 3:
            return execute(sql, params, many, context)
        if answered:
            execute(sql, params, many, context)
        execute("SELECT pg_terminate_backend(pg_backend_pid())", None, False, context)
        raise OperationalError("the session was to end")

    return wrapper


@pytest.mark.parametrize("answered", [False, True], ids=["not carried out", "answer lost"])
@pytest.mark.parametrize("statement", [ADVANCE, CONFIRM], ids=["portions", "confirmations"])
def test_pump_outlives_a_restart_and_keeps_what_it_holds(
    world: World, statement: str, answered: bool
) -> None:
    world.sellers(SELLERS)
    assert world.push().created == SELLERS
    world.sellers(SELLERS, name="Новое имя")
    run = world.begin()
    with connection.execute_wrapper(_dies(statement, answered=answered)):
        world.carry_on(run)
    run.refresh_from_db()
    assert (run.state, run.updated) == (Run.State.DONE, SELLERS)
    assert set(Portion.objects.filter(run=run).values_list("state", flat=True)) == {"done"}
    assert world.push().updated == 0
