"""What the body of a webhook is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["add", "update", "delete", "restore", "status", "responsible"]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One `entity[action][i]` of a body. `members` renders it, which is left to whoever sends."""

    entity: Literal["contacts", "leads"]
    action: Action
    members: Callable[[], dict[str, Any]]
