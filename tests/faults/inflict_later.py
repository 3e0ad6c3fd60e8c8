"""The kinds of fault that came later (`schedule.LATER`), carried out as in `inflict`."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any, cast

from django.db import Error, connection

from clients.errors import ServiceError
from clients.pacing import PacingError
from crm import refreshing
from crm.models import OAuthToken
from tests.faults import schedule
from tests.faults.household import BULK, DESK, send
from tests.faults.looking import soon
from tests.faults.scene import Scene
from tests.faults.schedule import Fault

QUEUES = ("bulk", "interactive", "maintenance")
SLOWLY = 30.0  # seconds until the push writes: workers start, and the snapshot is read
LOOK_AGAIN = 1.0  # seconds; who is to be killed is known before, for listing takes a while
DAY_AND_AN_HOUR = 25 * 3600  # longer than an access token lives
RENEWERS = 2


def _kill_in_the_middle(scene: Scene, fault: Fault) -> int:
    """Whoever waits for amoCRM's answer dies, and all its neighbours do: nobody can take it over.

    It has hit where all were dead before the emulator went on, reckoned from when it cannot yet have
    been standing.
    """
    described = {"id": fault.kind, "times": 1, **schedule.BODIES[fault.kind]}
    scene.amocrm.post("faults", [described])
    not_yet = looked = time.monotonic()
    known = scene.household.pool(BULK, DESK)

    def standing() -> list[None]:
        nonlocal not_yet, known, looked
        if time.monotonic() - looked > LOOK_AGAIN:
            known, looked = scene.household.pool(BULK, DESK), time.monotonic()
        asked = time.monotonic()
        listed = scene.amocrm.get("faults")["faults"]
        fired = [None for each in listed if each["id"] == fault.kind and each["fired"]]
        if not fired:
            not_yet = asked
        return fired

    if not soon(standing, seconds=SLOWLY):
        return 0
    killed = [each for each in known if send(each, SIGKILL)]
    in_time = time.monotonic() - not_yet < schedule.STANDING
    return int(bool(killed) and in_time)


def _skew(scene: Scene, fault: Fault) -> int:
    """One worker's clock, from now on to the world's end."""
    sign = -1 if fault.kind == "skew.behind" else 1
    return _set_clock(scene, fault, sign * schedule.skew(fault))


def _set_back(scene: Scene, fault: Fault) -> int:
    """It was ahead since the world began."""
    return _set_clock(scene, fault, 0.0)


def _set_clock(scene: Scene, fault: Fault, ahead: float) -> int:
    worker = schedule.skewed(fault)
    clock = scene.household.clocks[worker]
    clock.set(ahead)
    pool = partial(scene.household.pool, worker)
    return int(bool(soon(lambda: [p for p in pool() if clock.followed(p.pid, ahead=ahead)])))


def _reorder(scene: Scene, fault: Fault) -> int:
    """Messages that wait are put back in another order. So that some wait, nobody takes them."""
    random = Random(fault.chance)  # noqa: S311 - no secret

    def reordered() -> list[str]:
        with scene.stores.redis() as server, server.pipeline() as pipeline:
            pipe: Any = pipeline  # redis-py has no types for it
            pipe.watch(*QUEUES)
            before = {queue: cast("list[bytes]", pipe.lrange(queue, 0, -1)) for queue in QUEUES}
            after = {queue: random.sample(found, len(found)) for queue, found in before.items()}
            changed = [queue for queue in QUEUES if after[queue] != before[queue]]
            pipe.multi()
            for queue in changed:
                pipe.delete(queue)
                pipe.rpush(queue, *after[queue])
            pipe.execute()  # raises where somebody has taken one meanwhile
        return changed

    frozen = [p for p in scene.household.main(BULK, DESK) if send(p, SIGSTOP)]
    try:
        return int(bool(soon(reordered)))
    finally:
        for process in frozen:
            send(process, SIGCONT)


def _unpaid(scene: Scene, fault: Fault) -> int:
    """Reads go on, writes are answered 402, until somebody pays."""

    def refused() -> int:
        return int(scene.amocrm.get("audit")["refused"].get("unpaid", 0))

    before = refused()
    scene.amocrm.settings(paid=False)
    hit = bool(soon(lambda: [None] * (refused() - before), seconds=SLOWLY))
    time.sleep(0.5 + 2 * fault.chance)
    scene.amocrm.settings(paid=True)
    return int(hit)


def _revoke(scene: Scene, fault: Fault) -> int:
    """Every token is dead, until the operator authorises us anew (docs/operations.md)."""
    scene.amocrm.post("tokens/revoke", {})
    dead = OAuthToken.objects.filter(state=OAuthToken.State.REAUTH_REQUIRED)
    hit = bool(soon(lambda: list(dead.all()), seconds=SLOWLY))
    time.sleep(0.5 + 2 * fault.chance)
    scene.patiently(lambda: scene.authorise(scene.amocrm.post("tokens/code", {})["code"]))
    return int(hit)


def _renew_twice(scene: Scene, fault: Fault) -> int:
    """Two more who renew the token, while amoCRM takes its time over the first exchange."""
    tokens = OAuthToken.objects.get()
    slow = {"path": "/oauth2/access_token", "kind": "slow_answer", "seconds": 1.0}
    scene.amocrm.post("faults", [{"id": fault.kind, "times": 1, **slow}])
    scene.amocrm.post("clock", {"advance": DAY_AND_AN_HOUR})

    def renew() -> None:
        try:
            refreshing.renewed(account=tokens.account, seen_version=tokens.version)
        except (ServiceError, PacingError, Error):
            return  # something else was in the way; the next call renews it
        finally:
            connection.close()

    threads = [threading.Thread(target=renew, daemon=True) for _ in range(RENEWERS)]
    for thread in threads:
        thread.start()

    def exchanging() -> list[None]:
        listed = scene.amocrm.get("faults")["faults"]
        return [None for each in listed if each["id"] == fault.kind and each["fired"]]

    hit = bool(soon(exchanging)) and all(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return int(hit)


def _fill_the_disk(scene: Scene, fault: Fault) -> int:
    """No row can be written for a while; what is there can be read and deleted."""
    disk = scene.stores.disk
    disk.fill()
    try:
        hit = bool(soon(lambda: [None] * disk.refused(), seconds=SLOWLY))
        time.sleep(0.5 + 2 * fault.chance)
    finally:
        scene.patiently(disk.empty)
    return int(hit)


TABLE: Mapping[str, Callable[[Scene, Fault], int]] = {
    **dict.fromkeys(schedule.BODIES, _kill_in_the_middle),
    "skew.ahead": _skew,
    "skew.behind": _skew,
    "skew.back": _set_back,
    "queue.reordered": _reorder,
    "account.unpaid": _unpaid,
    "token.revoked": _revoke,
    "token.twice": _renew_twice,
    "postgres.full": _fill_the_disk,
}
