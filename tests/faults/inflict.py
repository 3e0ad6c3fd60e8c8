"""Carrying a plan out: one small function for each kind of fault, in a thread of its own.

A function returns how often it has hit; what hits later (a failpoint, a distorted answer) is counted
at the end of the push by `World`.
"""

import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from celery import current_app

from amonition.embedded.daemon import Daemon, ensure_running, stop
from crm import flood_block
from tests.faults import clocks, inflict_later, schedule
from tests.faults.household import BEAT, BULK, DESK, WEB, Process, send
from tests.faults.looking import pick, soon
from tests.faults.scene import Scene
from tests.faults.schedule import Fault

QUEUES = ("bulk", "interactive", "maintenance")
DAY_AND_AN_HOUR = 25 * 3600  # longer than an access token lives
IN_FLIGHT = 1.5  # seconds until what was on its way into a new flood-block has come back
BLOCKED_FOR = 2.5  # seconds of watching that nothing comes
RACERS = 8
DELETABLE = ("AMONITION_OFFERS_TOTAL", "AMONITION_FEED_URL", "AMONITION_ATTEMPT")

Inflict = Callable[[Scene, Fault], int]


def inflict(scene: Scene, fault: Fault) -> int:
    """How often it has hit so far."""
    return TABLE[fault.kind](scene, fault)


def _die(scene: Scene, fault: Fault) -> int:
    scene.arm(fault.kind, fault.kind)
    return 0


def _die_settling(scene: Scene, fault: Fault) -> int:
    """With something to settle: answers that are lost, before anything was made."""
    answer = {**schedule.ANSWERS["create.504_before"], "times": 2}
    scene.amocrm.post("faults", [answer])
    return _die(scene, fault)


def _die_renewing(scene: Scene, fault: Fault) -> int:
    _die(scene, fault)
    scene.amocrm.post("clock", {"advance": DAY_AND_AN_HOUR})
    return 0


def _signal_at(scene: Scene, fault: Fault) -> int:
    point, name = schedule.SIGNALS[fault.kind]
    scene.arm(fault.kind, point, name)
    if name == "STOP":
        _thaw(scene, fault)
    return 0


def _thaw(scene: Scene, fault: Fault) -> None:
    """Who freezes stays so for a while, perhaps for longer than its leases."""
    frozen = soon(scene.household.frozen)
    time.sleep(0.3 + fault.chance * (clocks.LEASE + 1))
    for process in frozen:
        send(process, signal.SIGCONT)


def _answer(scene: Scene, fault: Fault) -> int:
    scene.plant(fault.kind, "amocrm", schedule.ANSWERS[fault.kind])
    return 0


def _answer_around(scene: Scene, fault: Fault) -> int:
    service, described = schedule.AROUND[fault.kind]
    scene.plant(fault.kind, service, described)
    return 0


def _signal_one(number: signal.Signals) -> Inflict:
    def one(scene: Scene, fault: Fault) -> int:
        pool = soon(lambda: scene.household.pool(BULK, DESK))
        hit = bool(pool) and send(pick(pool, fault.chance), number)
        if hit and number == signal.SIGSTOP:
            _thaw(scene, fault)
        return int(hit)

    return one


def _signal_main(name: str, number: signal.Signals) -> Inflict:
    """Web's children do not die with it by themselves."""

    def main(scene: Scene, _: Fault) -> int:
        found = soon(lambda: scene.household.main(name))
        family: list[Process] = scene.household.pool(name) if name == WEB else []
        return int(bool([process for process in (*found, *family) if send(process, number)]))

    return main


def _restart(name: str, *, crash: bool = False) -> Inflict:
    def restart(scene: Scene, fault: Fault) -> int:
        daemon: Daemon = getattr(scene.stores, name)
        if crash:  # PostgreSQL's "immediate": as if killed; the log is replayed at the start
            daemon = replace(daemon, stop_signals=((signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)))
        with scene.stores.turn:
            stop(daemon)
            time.sleep(fault.chance)
            ensure_running(daemon)
        return 1

    return restart


def _cut(scene: Scene, _: Fault) -> int:
    with scene.stores.turn:
        return int(scene.stores.cut_connections() > 0)


def _flush(scene: Scene, _: Fault) -> int:
    with scene.stores.turn, scene.stores.redis() as server:
        server.flushall()
    return 1


def _block(scene: Scene, fault: Fault) -> int:
    """Nothing may come while amoCRM blocks us, not even after Redis has forgotten the block."""

    def refused() -> int:
        return int(scene.amocrm.get("audit")["refused"].get("blocked", 0))

    before = refused()
    scene.amocrm.post("flood_block", {"blocked": True})
    hit = bool(soon(lambda: [None] * (refused() - before)))
    if hit:
        time.sleep(IN_FLIGHT)
        arrived = _arrived(scene)
        _flush(scene, fault)
        time.sleep(BLOCKED_FOR)
        scene.book.into_the_block += _arrived(scene) - arrived
    scene.amocrm.post("flood_block", {"blocked": False})
    scene.patiently(lambda: flood_block.lift(who="fault world") or not flood_block.is_blocked())
    return int(hit)


def _arrived(scene: Scene) -> int:
    return int(scene.amocrm.get("audit")["arrivals"]["count"])


def _expire(scene: Scene, _: Fault) -> int:
    def refused() -> int:
        return int(scene.amocrm.get("audit")["refused"].get("unauthorized", 0))

    before = refused()
    scene.amocrm.post("clock", {"advance": DAY_AND_AN_HOUR})
    return int(bool(soon(lambda: [None] * (refused() - before))))


def _lose_token(scene: Scene, fault: Fault) -> int:
    path = {"path": "/oauth2/access_token", "kind": "reset_after_commit"}
    scene.plant(fault.kind, "amocrm", path)
    scene.amocrm.post("clock", {"advance": DAY_AND_AN_HOUR})
    return 0


def _forward(scene: Scene, fault: Fault) -> int:
    scene.amocrm.post("clock", {"advance": 1 + int(600 * fault.chance)})
    return 1


def _delete_field(scene: Scene, fault: Fault) -> int:
    key = pick(DELETABLE, fault.chance)
    try:
        scene.amocrm.delete(f"custom_fields/{key}")
    except AssertionError:  # not there yet
        return 0
    return 1


def _delete_company(scene: Scene, fault: Fault) -> int:
    found = scene.bystanders()
    if not found:
        return 0
    company, seller = pick(found, fault.chance)
    scene.book.excused.add(seller)
    scene.amocrm.delete(f"companies/{company}")
    return 1


def _merge(scene: Scene, fault: Fault) -> int:
    found = scene.bystanders()
    if len(found) < 2:
        return 0
    drop = pick(found, fault.chance)
    keep = found[found.index(drop) - 1]
    scene.book.excused.add(drop[1])
    scene.amocrm.post("companies/merge", {"keep": keep[0], "drop": drop[0]})
    return 1


def _double_queue(scene: Scene, _: Fault) -> int:
    """Messages that wait, and those being worked on, once more."""

    def doubled() -> list[None]:
        count = 0
        with scene.stores.redis() as server:
            for queue in QUEUES:
                for message in cast("list[bytes]", server.lrange(queue, 0, -1)):
                    count += bool(server.rpush(queue, message))
            taken = cast("dict[bytes, bytes]", server.hgetall("unacked"))
            for kept in taken.values():
                message, _, queue = json.loads(kept)
                count += bool(server.lpush(queue, json.dumps(message)))
        return [None] * count

    return int(bool(soon(doubled)))


def _stale_queue(scene: Scene, _: Fault) -> int:
    """Tasks that were done long ago, and those of today, out of their order."""
    runs = scene.book.runs
    for run_id in reversed(runs):
        for name in ("sync.finish", "sync.pump", "sync.plan", "sync.take_snapshot"):
            current_app.send_task(name, [run_id], retry=False)
    for event_id in range(8, 0, -1):
        current_app.send_task("webhooks.handle", [event_id], retry=False)
        current_app.send_task("webhooks.leave_note", [event_id], retry=False)
    return int(bool(runs))


def _double_beat(_scene: Scene, _fault: Fault) -> int:
    for name in ("sync.start_scheduled", "companies.settle_attempts", "webhooks.sweep"):
        for _ in range(2):
            current_app.send_task(name, retry=False, queue="maintenance")
    return 1


def _race_buttons(scene: Scene, fault: Fault) -> int:
    found = soon(scene.bystanders)
    for place in range(min(RACERS, len(found))):
        company, _ = found[(int(fault.chance * len(found)) + place) % len(found)]
        scene.press(company)
    return int(bool(found))


def _race_feeds(scene: Scene, fault: Fault) -> int:
    """The same card twice: the second wish is the one that counts."""
    found = soon(scene.bystanders)
    if not found:
        return 0
    company, seller = pick(found, fault.chance)
    for turn in ("first", "second"):
        scene.wish(company, seller, f"https://shop.example.net/{seller}/{turn}.xml")
        time.sleep(fault.chance)
    return 1


def _of_the_world(_scene: Scene, _fault: Fault) -> int:
    return 0  # set up before the world began


TABLE: Mapping[str, Inflict] = {
    **dict.fromkeys(schedule.DEATHS, _die),
    **dict.fromkeys(schedule.DEATHS_SETTLING, _die_settling),
    **dict.fromkeys(schedule.DEATHS_RENEWING, _die_renewing),
    **dict.fromkeys(schedule.SIGNALS, _signal_at),
    **dict.fromkeys(schedule.ANSWERS, _answer),
    **dict.fromkeys(schedule.AROUND, _answer_around),
    **dict.fromkeys(schedule.OF_THE_WORLD, _of_the_world),
    "kill.child": _signal_one(signal.SIGKILL),
    "term.child": _signal_one(signal.SIGTERM),
    "stop.child": _signal_one(signal.SIGSTOP),
    "kill.bulk": _signal_main(BULK, signal.SIGKILL),
    "term.bulk": _signal_main(BULK, signal.SIGTERM),
    "kill.desk": _signal_main(DESK, signal.SIGKILL),
    "kill.beat": _signal_main(BEAT, signal.SIGKILL),
    "kill.web": _signal_main(WEB, signal.SIGKILL),
    "postgres.restart": _restart("postgresql"),
    "postgres.crash": _restart("postgresql", crash=True),
    "postgres.cut": _cut,
    "redis.restart": _restart("valkey"),
    "redis.flush": _flush,
    "block.flush": _block,
    "token.expiry": _expire,
    "token.answer_lost": _lose_token,
    "clock.forward": _forward,
    "field.deleted": _delete_field,
    "company.deleted": _delete_company,
    "company.merged": _merge,
    "queue.doubled": _double_queue,
    "queue.stale": _stale_queue,
    "beat.doubled": _double_beat,
    "race.buttons": _race_buttons,
    "race.feeds": _race_feeds,
    **inflict_later.TABLE,
}
