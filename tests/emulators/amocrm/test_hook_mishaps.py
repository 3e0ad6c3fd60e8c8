from typing import Any

import pytest

from emulators.amocrm.hooks.fate import Fate, fate_of
from emulators.amocrm.settings import AmocrmSettings
from tests.emulators.amocrm.building import COMPANIES, create
from tests.emulators.amocrm.receiving import Receiver, settle, subscribe
from tests.emulators.talking import Talker


def tell(amocrm: Talker, receiver: Receiver, count: int, **settings: Any) -> dict[str, Any]:
    """The counts after so many companies were told of."""
    amocrm.set(**settings)
    subscribe(amocrm, receiver.url, "add_company")
    create(amocrm, *({"name": str(number)} for number in range(count)))
    return settle(amocrm)


def names(receiver: Receiver) -> list[str]:
    return [item["[name]"] for item in receiver.items("contacts[add][0]")]


def test_share_is_sent_twice(amocrm: Talker, receiver: Receiver) -> None:
    now = tell(amocrm, receiver, 10, hook_duplicate_share=1.0)
    assert (now["posted"], now["delivered"], now["duplicates"]) == (20, 20, 10)
    assert sorted(names(receiver)) == sorted([str(number) for number in range(10)] * 2)


def test_share_is_lost(amocrm: Talker, receiver: Receiver) -> None:
    now = tell(amocrm, receiver, 100, hook_loss_share=0.3, hook_seed=5)
    assert now["lost"] + now["delivered"] == 100
    assert 10 <= now["lost"] <= 50
    assert len(receiver.arrived) == now["delivered"]


def test_same_seed_loses_the_same(amocrm: Talker, receiver: Receiver) -> None:
    """After a reset, too."""
    arrived = []
    for seed in (5, 5, 6):
        receiver.arrived.clear()
        amocrm.control("POST", "reset")
        tell(amocrm, receiver, 40, hook_loss_share=0.5, hook_seed=seed)
        arrived.append(sorted(names(receiver)))
    assert arrived[0] == arrived[1] != arrived[2]


def test_reordered_come_after_later_ones(amocrm: Talker, receiver: Receiver) -> None:
    mixed = {"hook_reorder_share": 0.5, "hook_reorder_ms": 400}
    now = tell(amocrm, receiver, 40, **mixed)
    late = [
        str(number)
        for number in range(40)
        if fate_of(number + 1, AmocrmSettings(hook_reorder_share=0.5)).reordered
    ]
    assert now["reordered"] == len(late)
    assert sorted(names(receiver)[-len(late) :]) == sorted(late)


def test_hooks_are_delayed(amocrm: Talker, receiver: Receiver) -> None:
    amocrm.set(hook_delay_ms=[200, 400])
    subscribe(amocrm, receiver.url, "add_company")
    create(amocrm, {"name": "A"})
    held = amocrm.control("GET", "hooks")
    assert (held["held"], held["pending"], held["sent"]) == (1, 1, 0)
    assert settle(amocrm)["delivered"] == 1


def test_delay_lies_between_its_ends() -> None:
    settings = AmocrmSettings(hook_delay_ms=[200, 400])
    delays = {fate_of(number, settings).held for number in range(100)}
    assert min(delays) >= 0.2
    assert max(delays) <= 0.4
    assert len(delays) == 100


def test_nothing_goes_wrong_unless_told() -> None:
    assert {fate_of(number, AmocrmSettings()) for number in range(100)} == {Fate()}


@pytest.mark.parametrize(
    "change",
    [
        {"hook_loss_share": 1.1},
        {"hook_duplicate_share": -0.1},
        {"hook_reorder_share": "x"},
        {"hook_items_per_body": 0},
        {"hook_items_per_body": 251},
        {"hook_delay_ms": [5, 1]},
        {"hook_timeout_ms": -1},
        {"hook_account": "none"},
    ],
)
def test_odd_setting_is_refused(amocrm: Talker, change: dict[str, Any]) -> None:
    before = amocrm.control("GET", "settings")
    assert amocrm.patch("/_control/settings", change).status == 400
    assert amocrm.control("GET", "settings") == before


def test_mishaps_do_not_touch_the_api(amocrm: Talker, receiver: Receiver) -> None:
    tell(amocrm, receiver, 5, hook_loss_share=1.0)
    assert len(amocrm.get(COMPANIES).json["_embedded"]["companies"]) == 5
