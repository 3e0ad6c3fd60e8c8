"""Bodies of webhooks: items grouped by entity and action, then the account."""

from collections.abc import Iterable
from functools import lru_cache

from emulators.amocrm.account import ACCOUNT_ID, SUBDOMAIN
from emulators.amocrm.hooks.items import Item
from emulators.amocrm.hooks.php_query import query

CACHED_ITEMS = 1024  # some 10 KB each; an item goes to several destinations, one after the other
_ACCOUNT = {
    "subdomain": SUBDOMAIN,
    "id": ACCOUNT_ID,
    "_links": {"self": f"https://{SUBDOMAIN}.amocrm.ru"},
}
_PLACE = "\0"  # stands for the place of an item among others; quoted text cannot hold it


def body_of(items: Iterable[Item], *, with_account_id: bool) -> bytes:
    """Without the account's id it is a body of the old kind, which had the subdomain only."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(f"{item.entity}%5B{item.action}%5D", []).append(item)
    parts = [
        _rendered(item).replace(_PLACE, f"{group}%5B{index}%5D")
        for group, grouped in groups.items()
        for index, item in enumerate(grouped)
    ]
    parts.append(query("account", _ACCOUNT if with_account_id else {"subdomain": SUBDOMAIN}))
    return "&".join(parts).encode("ascii")


@lru_cache(maxsize=CACHED_ITEMS)
def _rendered(item: Item) -> str:
    return query(_PLACE, item.members())
