"""Two advertisers on two shards, an organization on a banner of each, and what its end does to them."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import redis
from psycopg.conninfo import make_conninfo

from amonition.databases import names_beside
from amonition.demo.asking import ask
from amonition.demo.errors import DemoError
from amonition.demo.scene import ORGANIZATION, STATUS_TOPIC, Scene
from amonition.demo.service import Service, manage
from amonition.demo.showing import Screen
from amonition.demo.stores import DATABASE
from amonition.demo.verdict import Advertised

EFFECT_SECONDS = 60.0  # it takes one; a busy machine may take its time
POLL_SECONDS = 0.1
SEED = """
WITH c AS (INSERT INTO campaigns (cid, client_id, type) VALUES (%(cid)s, %(client)s, 'text'))
INSERT INTO banners (bid, cid, bs_banner_id, banner_type, domain, status_show, status_active, status_arch,
                     status_moderate, status_bs_synced, catalogia_categories)
VALUES (%(bid)s, %(cid)s, 0, 'text', 'shop.example', 'Yes', 'Yes', 'No', 'New', 'No', '')
"""
# What the moderators and BS do, who are not there.
ACCEPT = """
WITH m AS (DELETE FROM moderation_queue WHERE bid = %(bid)s),
     q AS (DELETE FROM bs_queue WHERE bid = %(bid)s)
UPDATE banners SET status_moderate = 'Yes', status_bs_synced = 'Yes' WHERE bid = %(bid)s
"""
WAITS = """
SELECT EXISTS (SELECT FROM moderation_queue WHERE bid = %(bid)s)
   AND EXISTS (SELECT FROM bs_queue WHERE bid = %(bid)s)
"""


@dataclass(frozen=True, slots=True)
class Ad:
    """A client, the only campaign and the only banner."""

    shard: int
    client_id: int

    @property
    def row(self) -> dict[str, int]:
        return {"client": self.client_id, "cid": self.client_id * 10, "bid": self.bid}

    @property
    def bid(self) -> int:
        return self.client_id * 100


ADS = (Ad(shard=1, client_id=501), Ad(shard=2, client_id=502))


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it is played: the service, its stores, and the token of a program that links."""

    scene: Scene
    database_url: str
    redis_url: str
    token: str

    def api(self, method: str, path: str, body: object) -> Mapping[str, object]:
        """Raises DemoError."""
        answer: Mapping[str, object] = ask(
            method,
            f"{self.scene.web_url}/api/organizations/{path}",
            body,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return answer

    @contextmanager
    def shard(self, ad: Ad) -> Iterator[psycopg.Connection]:
        name = names_beside(DATABASE)[ad.shard - 1]
        with psycopg.connect(make_conninfo(self.database_url, dbname=name)) as connection:
            yield connection


def travel(
    *, service: Service, screen: Screen, scene: Scene, database_url: str, redis_url: str
) -> Advertised:
    """Link, end the organization's publication, see what comes of it. Raises DemoError."""
    with screen.step("Два рекламодателя на двух шардах, у каждого баннер"):
        _place(database_url)
        clients = [str(ad.client_id) for ad in ADS]
        issue = manage("organizations_token", "issue", "Демонстрация", *clients)
        *_, token = service.output(*issue, quiet=True).split()
        stage = Stage(scene, database_url, redis_url, token)
        for ad in ADS:
            with stage.shard(ad) as connection:
                connection.execute(SEED, ad.row)
    with screen.step("Рекламодатели привязали к баннерам организацию Справочника"):
        for ad in ADS:
            path = f"clients/{ad.client_id}/banners/{ad.bid}/organization"
            stage.api("PUT", path, {"permalink": ORGANIZATION})
        linked = _waiting(stage)
    screen.detail(_seen(stage))
    with screen.step("Модерация и БК приняли баннеры, Справочник снял организацию с публикации"):
        _accept(stage)
        _unpublish(stage)
        sent_again = _wait_for_all(stage)
    for ad in sent_again:
        screen.detail(f"баннер {ad.bid} (шард {ad.shard}) снова в очередях на модерацию и в БК")
    seen = _seen(stage)
    screen.detail(seen)
    return Advertised(len(ADS), len(linked), len(sent_again), seen)


def _place(database_url: str) -> None:
    """Which client is on which shard."""
    with psycopg.connect(database_url) as connection:
        for ad in ADS:
            connection.execute(
                "INSERT INTO clients (client_id, shard) VALUES (%s, %s)", [ad.client_id, ad.shard]
            )


def _accept(stage: Stage) -> None:
    for ad in ADS:
        with stage.shard(ad) as connection:
            connection.execute(ACCEPT, {"bid": ad.bid})


def _unpublish(stage: Stage) -> None:
    """In the Directory, and in the topic that tells of it."""
    url = f"{stage.scene.emulator_url('directory')}/_control/organizations/{ORGANIZATION}"
    ask("PUT", url, {"publishing_status": "CLOSED"})
    moment = datetime.now(UTC).isoformat()
    event = {"permalink": ORGANIZATION, "published": False, "ts": moment}
    try:
        with redis.Redis.from_url(stage.redis_url) as server:
            server.xadd(STATUS_TOPIC, {"data": json.dumps(event), "key": str(ORGANIZATION)})
    except redis.RedisError as error:
        raise DemoError(f"REDIS_URL: {error}") from error


def _waiting(stage: Stage) -> list[Ad]:
    """The banners that moderation and BS have to take."""
    waiting = []
    for ad in ADS:
        with stage.shard(ad) as connection:
            found = connection.execute(WAITS, {"bid": ad.bid}).fetchone()
        if found == (True,):
            waiting.append(ad)
    return waiting


def _wait_for_all(stage: Stage) -> list[Ad]:
    deadline = time.monotonic() + EFFECT_SECONDS
    while len(waiting := _waiting(stage)) < len(ADS) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return waiting


def _seen(stage: Stage) -> str:
    """What an advertiser is shown of the organization."""
    found = stage.api("POST", "get_info", {"permalinks": [ORGANIZATION]})["organizations"]
    if not isinstance(found, list) or not found:
        raise DemoError("Справочник не знает организации")
    [shown] = found
    return f"рекламодатель видит: «{shown['name']}», {shown['status']} ({shown['severity']})"
