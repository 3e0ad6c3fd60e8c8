import threading
import time
from collections.abc import Iterator

import pytest

from emulators.amocrm.hooks.deliveries import Order
from emulators.amocrm.hooks.ladders import digital_pipeline, ordinary
from emulators.amocrm.hooks.outbox import Outbox
from emulators.amocrm.hooks.subscriptions import Hook
from emulators.amocrm.service import AmocrmService
from emulators.amocrm.settings import AmocrmSettings
from emulators.clock import Clock
from emulators.messages import Response
from emulators.server import start
from tests.emulators.amocrm.building import COMPANIES, create
from tests.emulators.amocrm.receiving import (
    HOOKS,
    Arrived,
    Receiver,
    counts,
    settle,
    subscribe,
)
from tests.emulators.talking import Talker
from tests.waiting import wait_until

MINUTE = 60.0


@pytest.fixture
def told(amocrm: Talker, receiver: Receiver) -> int:
    """A company, whose updates the receiver is told of."""
    (company_id,) = create(amocrm, {"name": "A"})
    subscribe(amocrm, receiver.url, "update_company")
    return company_id


def touch(amocrm: Talker, company_id: int) -> None:
    amocrm.control("PATCH", f"companies/{company_id}", {"name": "B"})


def advance(amocrm: Talker, seconds: float) -> None:
    amocrm.control("POST", "clock", {"advance": seconds})


def is_disabled(amocrm: Talker) -> bool:
    (hook,) = amocrm.get(HOOKS).json["_embedded"]["webhooks"]
    disabled: bool = hook["disabled"]
    return disabled


@pytest.mark.parametrize(
    ("status", "minutes"),
    [
        (0, [5, 15, None]),
        (302, [5, 15, None]),
        (404, [5, 15, None]),
        (499, [5, 15, 15, 60, None]),
        (500, [5, 15, 15, 60, None]),
        (599, [5, 15, 15, 60, None]),
        (600, [5, 15, None]),
    ],
)
def test_ladder_depends_on_the_status(status: int, minutes: list[int | None]) -> None:
    seconds = [None if each is None else each * MINUTE for each in minutes]
    assert [ordinary(made, status) for made in range(1, len(minutes) + 1)] == seconds


def test_ladder_of_the_digital_pipeline_ends_within_an_hour() -> None:
    delays = [digital_pipeline(made, 404) for made in range(1, 6)]
    assert delays[4] is None
    assert sum(delay for delay in delays[:4] if delay is not None) <= 60 * MINUTE


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_is_delivered(amocrm: Talker, receiver: Receiver, told: int, status: int) -> None:
    receiver.answer(status)
    touch(amocrm, told)
    now = settle(amocrm)
    assert (now["delivered"], now["invalid"], now["pending"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("status", "waits"), [(404, [5, 15]), (503, [5, 15, 15, 60]), (302, [5, 15])]
)
def test_undelivered_climbs_the_ladder_by_the_clock(
    amocrm: Talker, receiver: Receiver, told: int, status: int, waits: list[int]
) -> None:
    receiver.answer(status, headers={"Location": receiver.url})
    touch(amocrm, told)
    for attempts, minutes in enumerate(waits, 1):
        assert settle(amocrm)["retries_waiting"] == 1
        advance(amocrm, minutes * MINUTE - 5)  # the clock goes on by itself, too
        assert counts(amocrm)["sent"] == attempts
        advance(amocrm, 5)
        receiver.wait_for(attempts + 1)
    now = settle(amocrm)
    assert (now["pending"], now["given_up"], now["delivered"]) == (0, 1, 0)
    assert (now["sent"], now["retried"]) == (len(waits) + 1, len(waits))
    assert len({hook.body for hook in receiver.arrived}) == 1
    assert now["destinations"][receiver.url]["last_statuses"] == [status] * (len(waits) + 1)


def test_retry_that_is_answered_is_delivered(amocrm: Talker, receiver: Receiver, told: int) -> None:
    receiver.answer(503)
    touch(amocrm, told)
    settle(amocrm)
    receiver.answer(204)
    advance(amocrm, 5 * MINUTE)
    receiver.wait_for(2)
    now = settle(amocrm)
    assert (now["delivered"], now["retried"], now["pending"]) == (1, 1, 0)


def test_nobody_there_is_status_0(amocrm: Talker, receiver: Receiver) -> None:
    (company_id,) = create(amocrm, {"name": "A"})
    nowhere = "http://127.0.0.1:1/"
    subscribe(amocrm, nowhere, "update_company")
    touch(amocrm, company_id)
    assert settle(amocrm)["destinations"][nowhere]["last_statuses"] == [0]


@pytest.mark.parametrize(
    "late",
    [
        Response(204, delay=5.0),
        Response(204, byte_pause=0.05),  # never long between two bytes
        Response(204, cut_at=0.5),
    ],
)
def test_answer_has_to_be_there_in_time(
    amocrm: Talker, receiver: Receiver, told: int, late: Response
) -> None:
    amocrm.set(hook_timeout_ms=300)
    receiver.answers = lambda _: late
    started = time.monotonic()
    touch(amocrm, told)
    now = settle(amocrm)
    assert (now["invalid"], now["retries_waiting"]) == (1, 1)
    assert time.monotonic() - started < 3


def test_two_seconds_are_the_limit(amocrm: Talker) -> None:
    assert amocrm.control("GET", "settings")["hook_timeout_ms"] == 2000


def test_too_many_invalid_answers_disable_a_hook(
    amocrm: Talker, receiver: Receiver, told: int
) -> None:
    amocrm.set(hook_disable_after=3)
    receiver.answer(404)
    for _ in range(3):
        touch(amocrm, told)
        settle(amocrm)
    assert not is_disabled(amocrm)
    touch(amocrm, told)
    settle(amocrm)
    assert is_disabled(amocrm)
    touch(amocrm, told)
    assert counts(amocrm)["posted"] == 4
    advance(amocrm, 5 * MINUTE)
    wait_until(lambda: counts(amocrm)["withheld"] == 4, seconds=5, what="retries are withheld")
    assert counts(amocrm)["sent"] == 4


def test_valid_answers_between_do_not_save_a_hook(
    amocrm: Talker, receiver: Receiver, told: int
) -> None:
    amocrm.set(hook_disable_after=2)
    for status in (404, 204, 404, 204, 204):
        receiver.answer(status)
        touch(amocrm, told)
        settle(amocrm)
    assert not is_disabled(amocrm)
    receiver.answer(404)
    touch(amocrm, told)
    settle(amocrm)
    assert is_disabled(amocrm)


def test_hook_switched_on_again_is_judged_anew() -> None:
    hook = Hook(1, "http://a", [], 10, 0, 0)
    for _ in range(3):
        hook.answered_badly(now=0.0, limit=2)
    assert hook.disabled
    hook.switch(disabled=False)
    hook.answered_badly(now=1.0, limit=2)
    assert not hook.disabled


def test_invalid_answers_are_forgotten_after_two_hours() -> None:
    hook = Hook(1, "http://a", [], 10, 0, 0)
    for now in (0.0, 1.0, 7201.5):
        hook.answered_badly(now=now, limit=1)
    assert hook.disabled  # by the second of them
    other = Hook(2, "http://b", [], 10, 0, 0)
    for now in (0.0, 7201.0, 14402.0):
        other.answered_badly(now=now, limit=1)
    assert not other.disabled


def test_a_hundred_invalid_answers_are_survived() -> None:
    hook = Hook(1, "http://a", [], 10, 0, 0)
    limit = AmocrmSettings().hook_disable_after
    for _ in range(100):
        hook.answered_badly(now=0.0, limit=limit)
    assert not hook.disabled
    hook.answered_badly(now=0.0, limit=limit)
    assert hook.disabled


def test_hook_can_be_kept_on_for_ever(amocrm: Talker, receiver: Receiver, told: int) -> None:
    amocrm.set(hook_disable_after=None)
    receiver.answer(404)
    for _ in range(5):
        touch(amocrm, told)
    assert settle(amocrm)["invalid"] == 5
    assert not is_disabled(amocrm)


def test_retries_end_with_the_subscription(amocrm: Talker, receiver: Receiver, told: int) -> None:
    receiver.answer(404)
    touch(amocrm, told)
    settle(amocrm)
    amocrm.ask("DELETE", HOOKS, {"destination": receiver.url})
    advance(amocrm, 5 * MINUTE)
    wait_until(lambda: counts(amocrm)["pending"] == 0, seconds=5, what="nothing waits")
    now = counts(amocrm)
    assert (now["withheld"], now["sent"]) == (1, 1)


@pytest.mark.parametrize("by_hand", [True, False])
def test_disabled_hook_is_switched_on_again(
    amocrm: Talker, receiver: Receiver, told: int, *, by_hand: bool
) -> None:
    switch = {"destination": receiver.url, "disabled": True}
    amocrm.control("POST", "hooks/switch", switch)
    assert is_disabled(amocrm)
    touch(amocrm, told)
    assert counts(amocrm)["posted"] == 0
    if by_hand:
        amocrm.control("POST", "hooks/switch", {**switch, "disabled": False})
    else:
        subscribe(amocrm, receiver.url, "update_company")
    assert not is_disabled(amocrm)
    touch(amocrm, told)
    receiver.wait_for(1)


def test_requests_do_not_wait_for_receivers(amocrm: Talker, receiver: Receiver, told: int) -> None:
    receiver.gate.clear()
    items = [{"id": told, "name": str(number)} for number in range(250)]
    assert amocrm.patch(COMPANIES, items).status == 200
    now = counts(amocrm)
    assert (now["posted"], now["sent"], now["pending"]) == (250, 0, 250)
    receiver.gate.set()
    assert settle(amocrm)["delivered"] == 250


def test_hook_comes_before_the_answer_when_that_is_slow(
    amocrm: Talker, receiver: Receiver, told: int
) -> None:
    amocrm.set(latency_ms=500)
    amocrm.patch(COMPANIES, [{"id": told, "name": "B"}])
    answered = time.monotonic()
    assert receiver.wait_for(1)[0].at < answered


def test_answers_can_wait_until_the_hooks_are_tried(
    amocrm: Talker, receiver: Receiver, told: int
) -> None:
    """However long that takes; here each hook is given back only when all of them have come."""
    amocrm.set(hooks_before_answer=True)
    all_came = threading.Barrier(10)

    def together(_: Arrived) -> Response:
        all_came.wait(10)
        return Response(503)

    receiver.answers = together
    amocrm.patch(COMPANIES, [{"id": told, "name": str(number)} for number in range(10)])
    assert counts(amocrm)["invalid"] == 10


@pytest.fixture
def stuck(receiver: Receiver) -> Iterator[Talker]:
    """An account of its own, whose webhooks nobody answers."""
    receiver.gate.clear()
    server = start(AmocrmService())
    talker = Talker(server.url)
    subscribe(talker, receiver.url, "add_company")
    create(talker, *({"name": str(number)} for number in range(100)))
    receiver.wait_for(1)
    yield talker
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 1
    talker.close()


def test_end_does_not_wait_for_receivers(stuck: Talker) -> None:
    assert counts(stuck)["pending"] == 100


def test_reset_forgets_what_is_under_way(amocrm: Talker, receiver: Receiver, told: int) -> None:
    receiver.gate.clear()
    for _ in range(20):
        touch(amocrm, told)
    receiver.wait_for(1)
    amocrm.control("POST", "reset")
    receiver.gate.set()
    now = counts(amocrm)
    assert (now["posted"], now["pending"], now["destinations"]) == (0, 0, {})


def test_outbox_holds_so_much_and_no_more() -> None:
    outbox = Outbox(AmocrmSettings(), Clock(), most=2)
    outbox.post([Order("http://a", ())] * 3)
    now = outbox.summary()
    assert (now["posted"], now["pending"], now["overflowed"]) == (3, 2, 1)


def test_counts_of_an_outbox_add_up() -> None:
    clock = Clock()
    outbox = Outbox(AmocrmSettings(hook_loss_share=0.3, hook_duplicate_share=0.3), clock, most=50)
    outbox.post([Order(f"http://{number}", ()) for number in range(100)])
    while outbox.summary()["queued"]:
        delivery = outbox.take()
        assert delivery is not None
        outbox.answered(delivery, (204, 404, 500)[delivery.number % 3])
    now = outbox.summary()
    ends = ("delivered", "given_up", "withheld", "lost", "overflowed", "pending")
    assert now["posted"] == sum(now[end] for end in ends) == 100 + now["duplicates"]
    assert all(now[kind] > 0 for kind in ("delivered", "lost", "overflowed", "duplicates"))
