"""What those who inflict faults have in their hands, and what managers do meanwhile."""

import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis
from django.core.management import CommandError, call_command
from django.db import Error, connection

from clients.pacing import PacingError
from tests.clients.emulated import Control
from tests.faults.household import Household
from tests.faults.judge import SELLER_ID
from tests.faults.source import Source
from tests.faults.stores import Stores

PATIENCE = 20.0  # seconds for a store to come back
ARMING_SECONDS = 6.0
TRANSFER = "Готов выгружать вручную"
PROFILE, PHONE = "Ссылка на профиль", "Телефон для выгрузки"


@dataclass(slots=True)
class Book:
    """What was done in this world. `hits`: by kind; `planted`: fault of an emulator -> its kind;
    `armed`: kind -> its failpoint's file."""

    runs: list[int] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    planted: dict[tuple[str, str], str] = field(default_factory=dict)
    armed: dict[str, Path] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    leads: dict[int, str] = field(default_factory=dict)
    wishes: dict[str, str] = field(default_factory=dict)
    into_the_block: int = 0


@dataclass(slots=True)
class Scene:
    """One world's places and people. `door`: the address of the webhooks, up to its last part."""

    controls: Mapping[str, Control]
    stores: Stores
    household: Household
    source: Source
    failpoints: Path
    door: str
    book: Book = field(default_factory=Book)

    @property
    def amocrm(self) -> Control:
        return self.controls["amocrm"]

    def plant(self, kind: str, service: str, described: Mapping[str, object]) -> None:
        """An answer that goes wrong once."""
        fault = {"id": kind, "times": 1, **described}
        self.controls[service].post("faults", [fault])
        self.book.planted[service, kind] = kind

    def arm(self, kind: str, point: str, name: str = "") -> None:
        """A failpoint. Where another fault of the same point waits there, after that one."""
        file = self.failpoints / point
        deadline = time.monotonic() + ARMING_SECONDS
        while file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not file.exists():
            file.write_text(name)
            self.book.armed[kind] = file

    def bystanders(self) -> list[tuple[int, str]]:
        """Companies that no manager has touched yet, with their sellers."""
        found = self.amocrm.get("audit/companies?limit=10000")["companies"]
        touched = self.book.excused | self.book.wishes.keys()
        pairs = [(int(each["id"]), str(each["fields"].get(SELLER_ID))) for each in found
                 if not each["is_deleted"]]  # fmt: skip
        return [pair for pair in pairs if pair[1].isdigit() and pair[1] not in touched]

    def press(self, company: int) -> None:
        """The refresh button."""
        self.amocrm.post("buttons", {"company_id": company, "url": f"{self.door}company-refresh/"})

    def wish(self, company: int, seller: str, url: str) -> None:
        """A feed to be loaded."""
        self.book.wishes[seller] = url
        fields = {"AMONITION_FEED_REQUEST": url}
        self.amocrm.patch(f"companies/{company}", {"fields": fields})

    def transfer(self, number: int) -> None:
        """A lead, and its way into the status."""
        url = f"https://www.avito.ru/user/{number:08}"
        fields = {PROFILE: url, PHONE: f"+7912{number:07}"}
        body = {"name": f"Перенос {number}", "status": "Новый продавец", "fields": fields}
        lead = int(self.amocrm.post("leads", body)["id"])
        self.book.leads[lead] = url
        self.amocrm.patch(f"leads/{lead}", {"status": TRANSFER})

    def authorise(self, code: str) -> bool:
        """The operator's command. The pace opens a moment ahead, and a command does not wait for it."""
        try:
            call_command("amocrm_authorize", code, stdout=io.StringIO())
        except CommandError:
            return False
        return True

    def patiently(self, act: Callable[[], bool]) -> bool:
        """Until it succeeds, also over stores that are away. False: it never did."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if act():
                    return True
            except (Error, PacingError, redis.RedisError, psycopg.Error):
                connection.close()
            time.sleep(0.2)
        return False
