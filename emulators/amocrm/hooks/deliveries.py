"""One body on its way to one destination."""

from dataclasses import dataclass

from emulators.amocrm.hooks.items import Item
from emulators.amocrm.hooks.ladders import Ladder, ordinary
from emulators.amocrm.hooks.subscriptions import Hook


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent. `hook`: the subscription that asked for it, if one did."""

    url: str
    items: tuple[Item, ...]
    hook: Hook | None = None
    ladder: Ladder = ordinary


@dataclass(slots=True, eq=False)
class Delivery:
    """`number`: of all since the account was new. `generation`: of the account."""

    order: Order
    number: int
    generation: int
    attempts: int = 0

    @property
    def is_wanted(self) -> bool:
        return self.order.hook is None or self.order.hook.is_open
