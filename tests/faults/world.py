"""One world, from an empty account to the judge."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from amonition.demo import scene as demo
from amonition.supervising import Supervisor
from crm import flood_block
from operations import doorbell, failpoints
from operations.models import Run
from operations.runs import Order
from sync import starting
from tests.clients.emulated import Control
from tests.faults import schedule
from tests.faults.evidence import gather, unsettled
from tests.faults.household import Household
from tests.faults.inflict import inflict
from tests.faults.judge import violations
from tests.faults.scene import Scene
from tests.faults.schedule import CHANGED, FIRST_LOAD, FULL, Fault, Plan
from tests.faults.source import Source
from tests.faults.stores import Stores
from tests.faults.wall_clocks import WallClock

PUSH_SECONDS = 120.0  # for one push with everything that hits it; half a minute of start among it
QUIET_SECONDS = 60.0  # for what is unsettled after the last fault
HOOK_PATIENCE = 2.0  # seconds; what amoCRM will try again in minutes is then tried at once
HOOK_RETRY = 900.0  # on amoCRM's clock
CHANGED_SHARE = 0.4
CALM = "calm"
Act = tuple[float, Callable[[], object]]  # seconds after the push's start, and what a manager does


@dataclass(slots=True)
class Result:
    """`hits`: faults that have hit, by kind; `planned`: how many were to; `violations`: sentences."""

    seed: int
    hits: dict[str, int]
    planned: int
    missed: list[str]
    violations: list[str]
    seconds: float
    sellers: int
    requests: int
    timeline: list[str] = field(default_factory=list)


def carry_out(seed: int, *, directory: Path, stores: Stores, source: Source) -> Result:
    """One seed. What it leaves behind stays in `directory` until the next one."""
    world = World(schedule.plan(seed), directory=directory, stores=stores, source=source)
    return world.live()


class World:
    """A plan, and where it takes place."""

    def __init__(self, plan: Plan, *, directory: Path, stores: Stores, source: Source) -> None:
        self._plan = plan
        self._directory = directory
        self._stores = stores
        self._source = source
        self._started = time.monotonic()
        self._timeline: list[str] = []
        self._stuck: list[str] = []
        self._threads: list[threading.Thread] = []
        self._snapshots = 0

    def live(self) -> Result:
        with self._opened() as (scene, supervisor):
            for push in (FIRST_LOAD, CHANGED, FULL):
                self._push(scene, supervisor, push)
                if self._stuck:
                    break
            if not self._stuck:
                self._calm(scene, supervisor)
            found = violations(gather(scene)) if not self._stuck else []
        hits = {kind: 1 for kind, times in scene.book.hits.items() if times}
        return Result(
            seed=self._plan.seed,
            hits=hits,
            planned=len(self._plan.faults),
            missed=sorted({fault.kind for fault in self._plan.faults} - hits.keys()),
            violations=self._stuck + found,
            seconds=round(time.monotonic() - self._started, 1),
            sellers=self._plan.sellers,
            requests=sum(scene.amocrm.get("audit")["requests"].values()),
            timeline=self._timeline if self._stuck or found else [],
        )

    @contextmanager
    def _opened(self) -> Iterator[tuple[Scene, Supervisor]]:
        plan, directory = self._plan, self._directory
        connection.close()
        self._stores.renew()
        for name in ("snapshots", "logs", "failpoints", "sources", "clocks"):
            shutil.rmtree(directory / name, ignore_errors=True)
            (directory / name).mkdir()
        environ = {
            **os.environ,
            failpoints.VARIABLE: str(directory / "failpoints"),
            "AMOCRM_RATE": str(plan.rate),
            "AMOCRM_WRITE_SIZE": str(plan.write_size),
            "SYNC_BATCH_SIZE": str(plan.portion),
        }
        settings.AMOCRM_RATE = float(plan.rate)
        place = demo.Scene(directory, settings.PORT, settings.PORT - len(demo.EMULATORS))
        with Supervisor(cwd=demo.CHECKOUT, logs=directory / "logs") as supervisor:
            scene = Scene(
                controls={name: Control(place.emulator_url(name)) for name in demo.EMULATORS[:5]},
                stores=self._stores,
                household=Household(
                    supervisor, environ, port=place.port, clocks=self._wall_clocks()
                ),
                source=self._source,
                failpoints=directory / "failpoints",
                door=f"{place.web_url}/webhooks/amocrm/{place.webhook_secret()}/",
            )
            self._prepare(scene)
            scene.household.start()
            try:
                yield scene, supervisor
            finally:
                connection.close()

    def _wall_clocks(self) -> dict[str, WallClock]:
        """Only where one goes wrong; the one that is set back later is ahead from the beginning."""
        skews = [fault for fault in self._plan.faults if fault.kind in schedule.SKEWS]
        workers = sorted({schedule.skewed(fault) for fault in skews})
        clocks = {name: WallClock(self._directory / "clocks" / name) for name in workers}
        for fault in skews:
            if fault.kind == "skew.back":
                clocks[schedule.skewed(fault)].set(schedule.skew(fault))
        return clocks

    def _prepare(self, scene: Scene) -> None:
        plan, kinds = self._plan, {fault.kind for fault in self._plan.faults}
        if "postgres.full" in kinds:
            self._stores.disk.prepare()
        self._source.begin(
            sellers=plan.sellers,
            seed=plan.seed,
            poison=sorted(kinds.intersection(schedule.DATA)),
        )
        self._show_source()
        for control in scene.controls.values():
            control.post("reset", {"settings": True})
        scene.amocrm.settings(
            rate_limit=plan.rate,
            index_lag_seconds=plan.lag,
            grace_ends_with=plan.grace,
            hook_seed=plan.seed,
            hook_disable_after=None,
            hook_duplicate_share=0.3 if "hooks.doubled" in kinds else 0.0,
            hook_reorder_share=0.4 if "hooks.reordered" in kinds else 0.0,
        )
        scene.patiently(_open_pace)
        scene.patiently(lambda: scene.authorise("emulator-code"))
        doorbell.ring_now("webhooks.check_subscriptions")

    def _show_source(self) -> None:
        """A snapshot of this moment is what the next run finds in the warehouse."""
        self._snapshots += 1
        name = f"sources/{self._snapshots}"
        self._source.write(self._directory / name)
        link = self._directory / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        link.replace(self._directory / "snapshot")

    def _push(self, scene: Scene, supervisor: Supervisor, push: int) -> None:
        """One push, its faults and its managers; over when the run has ended and all have hit."""
        if push == CHANGED:
            self._source.change(share=CHANGED_SHARE)
        if push != FIRST_LOAD:
            self._show_source()  # as in production each hour has a snapshot of its own
        self._say(f"push {push}")
        due = [fault for fault in self._plan.faults if fault.push == push]
        acts = self._acts(scene, push)
        began = time.monotonic()
        run = _Pushing(full=push == FULL, book=scene.book.runs)

        def is_over() -> bool:
            elapsed = time.monotonic() - began
            while due and due[0].after <= elapsed:
                self._inflict(scene, due.pop(0))
            while acts and acts[0][0] <= elapsed:
                self._in_thread(acts.pop(0)[1])
            busy = any(thread.is_alive() for thread in self._threads)
            ended = run.has_ended()
            if elapsed > PUSH_SECONDS:
                self._stuck = [f"stuck: push {push}: {self._state(scene)}"]
                return True
            return ended and not due and not acts and not busy

        supervisor.wait_until(is_over, seconds=PUSH_SECONDS + 30, what=f"push {push}")
        self._count(scene)

    def _acts(self, scene: Scene, push: int) -> list[Act]:
        """What managers do while the second and third push are at work."""
        plan = self._plan
        if push == FIRST_LOAD:
            return []
        first = plan.seed * 100 + push * 10
        acts: list[Act] = [
            *((0.5 * n, partial(scene.transfer, first + n)) for n in range(plan.transfers)),
            *((0.4 * n, partial(_press_some, scene, n)) for n in range(plan.buttons)),
            *((0.7 * n, partial(_wish_some, scene, push, n)) for n in range(plan.feeds)),
        ]
        return sorted(acts, key=lambda act: act[0])

    def _inflict(self, scene: Scene, fault: Fault) -> None:
        def carry_out() -> None:
            scene.book.hits[fault.kind] += inflict(scene, fault)

        self._say(f"{fault.kind}")
        self._in_thread(carry_out)

    def _in_thread(self, act: Callable[[], object]) -> None:
        def run() -> None:
            try:
                act()
            finally:
                connection.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _count(self, scene: Scene) -> None:
        """What has hit by now; what has not is taken back."""
        book = scene.book
        for kind, file in book.armed.items():
            book.hits[kind] += not file.exists()
            file.unlink(missing_ok=True)
        book.armed.clear()
        for service, control in scene.controls.items():
            for fault_set in control.get("faults")["faults"]:
                planted = book.planted.get((service, fault_set["id"]))
                if planted is not None:
                    book.hits[planted] += fault_set["fired"]
            control.delete("faults")

    def _calm(self, scene: Scene, supervisor: Supervisor) -> None:
        """Nothing is in the way any more: all settles, and one more push finds the rest."""
        self._say(CALM)
        self._settle(scene, supervisor)
        if self._stuck:
            return
        self._show_source()
        began, run = time.monotonic(), _Pushing(full=False, book=scene.book.runs)

        def is_over() -> bool:
            if time.monotonic() - began > PUSH_SECONDS:
                self._stuck = [f"stuck: the calm push: {self._state(scene)}"]
                return True
            return run.has_ended()

        supervisor.wait_until(is_over, seconds=PUSH_SECONDS + 30, what="the calm push")
        if not self._stuck:
            state, reason = run.outcome()
            if state != Run.State.DONE:
                self._stuck = [f"the calm push ended {state}: {reason}"]
            self._settle(scene, supervisor)
        self._count_world(scene)
        self._say("judged")

    def _settle(self, scene: Scene, supervisor: Supervisor) -> None:
        began = retried = time.monotonic()
        scene.patiently(lambda: flood_block.lift(who="calm") or not flood_block.is_blocked())

        def is_quiet() -> bool:
            nonlocal retried
            waited = time.monotonic() - began
            if time.monotonic() > retried + HOOK_PATIENCE and scene.amocrm.get("hooks")["pending"]:
                scene.amocrm.post("clock", {"advance": HOOK_RETRY})
                retried = time.monotonic()
            left = self._state(scene)
            if waited > QUIET_SECONDS and left:
                self._stuck = [f"unsettled: {phrase}" for phrase in left]
            return not left or bool(self._stuck)

        supervisor.wait_until(is_quiet, seconds=QUIET_SECONDS + 30, what="quiet")

    def _state(self, scene: Scene) -> list[str]:
        try:
            return unsettled(scene)
        except Error as error:
            connection.close()
            return [f"no database: {error}"]

    def _count_world(self, scene: Scene) -> None:
        hooks = scene.amocrm.get("hooks")
        names = {"hooks.doubled": "duplicates", "hooks.reordered": "reordered"}
        for fault in self._plan.faults:
            if fault.kind in names:
                scene.book.hits[fault.kind] += hooks[names[fault.kind]]
            elif fault.kind in schedule.DATA:
                scene.book.hits[fault.kind] += 1

    def _say(self, what: str) -> None:
        self._timeline.append(f"{time.monotonic() - self._started:6.1f} {what}")


class _Pushing:
    """Our run: started as soon as no other one stands in its way, and followed."""

    def __init__(self, *, full: bool, book: list[int]) -> None:
        self._full = full
        self._book = book
        self._run_id: int | None = None

    def has_ended(self) -> bool:
        try:
            if self._run_id is None:
                order = Order(kind=starting.KIND, trigger=Run.Trigger.COMMAND, full=self._full)
                run = starting.start(order=order)
                if run.state != Run.State.SKIPPED:
                    self._run_id = run.pk
                    self._book.append(run.pk)
                return False
            return self.outcome()[0] not in Run.ACTIVE
        except Error:  # PostgreSQL is away just now
            connection.close()
            return False

    def outcome(self) -> tuple[str, str]:
        """State and reason of the run, which has to have been started."""
        run = Run.objects.get(pk=self._book[-1])
        return run.state, run.reason


def _open_pace() -> bool:
    flood_block.keep_pace_open()
    return True


def _press_some(scene: Scene, number: int) -> None:
    found = scene.bystanders()
    if found:
        scene.press(found[number * 7 % len(found)][0])


def _wish_some(scene: Scene, push: int, number: int) -> None:
    found = scene.bystanders()
    if found:
        company, seller = found[(number * 11 + push) % len(found)]
        scene.wish(company, seller, f"https://shop.example.net/{seller}/{push}.xml")
