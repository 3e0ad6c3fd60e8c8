"""A campaign is linked, linked elsewhere, given a number, unlinked: run by benchmarks.campaign_linking."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import psutil
import redis
from django.conf import settings
from django.db import connections

from ads.models import Campaign, Client, ClientPhone
from ads.shards import use_shard
from clients.calls import Limits
from clients.directory.client import Directory
from clients.hedging.budget import Budget
from clients.hedging.driver import Driver
from clients.hedging.service import HedgedService
from clients.pacing import Unlimited
from clients.single_flight import RedisSingleFlight
from clients.transport import Transport
from organizations import campaign_changes, campaign_links
from organizations.actors import Actor
from organizations.models import CampaignChange
from organizations.wishes import Wish
from tests.statement_counter import StatementCounter

SHARD, CLIENT, CID, PHONE = 1, 1, 1, 1
T = TypeVar("T")

FILL = """
INSERT INTO banners (bid, cid, bs_banner_id, banner_type, domain, status_show, status_active,
    status_arch, status_moderate, status_bs_synced, catalogia_categories)
SELECT n, 1, n, 'text', 'shop.example', 'Yes', 'Yes', 'No', 'Yes', 'Yes', ''
FROM generate_series(1, %(banners)s) AS n;
INSERT INTO banner_permalinks (bid, permalink, permalink_assign_type)
SELECT n, 5, 'manual' FROM generate_series(1, %(banners)s, 10) AS n;
INSERT INTO banner_permalinks (bid, permalink, chain_id, permalink_assign_type)
SELECT n, 10 + a, 0, 'auto' FROM generate_series(1, %(banners)s) AS n, generate_series(1, 2) AS a;
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """`processor`: seconds of it, ours and the database's, which a busy machine changes least."""

    statements: int
    seconds: float
    processor: float


@dataclass(frozen=True, slots=True)
class Step:
    """`request`: ordering the change. `worker`: carrying it out, the claim's statement left out."""

    name: str
    banners: int
    request: Cost
    worker: Cost


def main() -> None:
    """Print every step as JSON."""
    _fill(int(os.environ["BENCH_BANNERS"]))
    actor = Actor("benchmark")
    with _directory() as directory:
        published = [
            each.permalink
            for each in directory.search("", limit=50)
            if each.publishing_status == "PUBLISH"
        ]
        first, second = published[:2]

        def step(name: str, wish: Wish) -> Step:
            def order() -> CampaignChange:
                return campaign_links.set_organization(
                    client_id=CLIENT, cid=CID, wish=wish, actor=actor, directory=directory
                )

            change, request = _measured(order)
            with use_shard(SHARD):
                _, worker = _measured(lambda: campaign_changes.carry_out(change_id=change.pk))
            done = campaign_links.change(client_id=CLIENT, change_id=change.pk)
            if done.state != CampaignChange.State.DONE:
                raise RuntimeError(f"{name}: {done.state}: {done.reason}")
            statements = worker.statements - 1
            return Step(name, done.banners, request, replace(worker, statements=statements))

        steps = [
            step("linked", Wish(first)),
            step("linked elsewhere", Wish(second)),
            step("another number", Wish(second, client_phone_id=PHONE)),
            step("unlinked", Wish(None)),
        ]
    print(json.dumps([asdict(each) for each in steps]))


def _measured(work: Callable[[], T]) -> tuple[T, Cost]:
    counter = StatementCounter()
    spent, began = _processor(), time.monotonic()
    with ExitStack() as wrappers:
        for alias in connections:
            wrappers.enter_context(connections[alias].execute_wrapper(counter))
        result = work()
    seconds = time.monotonic() - began
    return result, Cost(len(counter.statements), seconds, _processor() - spent)


def _processor() -> float:
    with connections[settings.SHARDS[SHARD]].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    times = psutil.Process(pid).cpu_times()
    return time.process_time() + float(times.user + times.system)


def _fill(banners: int) -> None:
    Client.objects.create(client_id=CLIENT, shard=SHARD)
    with use_shard(SHARD):
        Campaign.objects.create(cid=CID, client_id=CLIENT, type=Campaign.Type.TEXT)
        ClientPhone.objects.create(
            client_phone_id=PHONE, client_id=CLIENT, kind="telephony", number="+70000000000"
        )
    with connections[settings.SHARDS[SHARD]].cursor() as cursor:
        cursor.execute(FILL, {"banners": banners})
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def _directory() -> Iterator[Directory]:
    def connect(limits: Limits) -> Transport:
        return Transport(
            service="directory",
            base_url=settings.DIRECTORY_URL,
            pace=Unlimited(),
            authorise=lambda: settings.DIRECTORY_TOKEN,
            limits=limits,
        )

    driver = Driver(service="directory", budget=Budget())
    with (
        redis.Redis.from_url(settings.REDIS_URL) as server,
        closing(HedgedService(driver, connect)) as service,
    ):
        yield Directory(service, flights=RedisSingleFlight(server))
