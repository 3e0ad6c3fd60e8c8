"""A whole push in this process: real database, real Redis, emulators over sockets, no Celery.

The canvas is tested with real workers in tests/journeys; here its steps are called one by one.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from companies import attempts, fielding, reconciling
from companies.fielding import Vocabulary
from companies.models import Watermark
from crm.connection import ready_client
from operations.models import Portion, Run
from operations.runs import Order
from sync import finishing, pumping, snapshots, starting, tasks
from tests.clients.emulated import Control
from tests.waiting import wait_until
from tests.warehouse.snapshots import Offer, Seller, write_snapshot

PUMP_SECONDS = 20  # a slice in tests; the largest push here takes two
SETTLE_SECONDS = 60


def seller(number: int, **values: Any) -> Seller:
    """A seller with everything filled in, unless told otherwise."""
    usual: dict[str, Any] = {
        "seller_id": f"s{number:05}",
        "phone": f"+7900{number:07}",
        "email": f"s{number}@example.com",
        "name": f"Магазин {number}",
        "sale_address": "Москва, Тверская, 1",
        "first_visit_at": datetime(2024, 1, 1, 10, 0),  # noqa: DTZ001 - as the files have it
    }
    return Seller(**usual | values)


def offer(number: int, **values: Any) -> Offer:
    """One offer of seller `number`."""
    return Offer(**{"seller_id": f"s{number:05}", **values})


@dataclass(slots=True)
class World:
    """The emulated services, and a snapshot directory of the test's own."""

    amocrm: Control
    feeds: Control
    directory: Path
    written: int = field(default=0)

    def snapshot(self, sellers: Sequence[Seller], offers: Sequence[Offer]) -> None:
        """What the next push finds in the warehouse."""
        write_snapshot(self.directory, sellers=sellers, offers=offers)

    def sellers(self, count: int, **values: Any) -> None:
        """A snapshot of so many sellers with one offer each."""
        self.snapshot(
            [seller(number, **values) for number in range(count)],
            [offer(number) for number in range(count)],
        )

    def prepare_fields(self) -> None:
        """The account has our fields already, as on any day but the first."""
        words = Vocabulary(frozenset({"active"}), frozenset({"Шины"}))
        with closing(ready_client()) as client:
            fielding.prepare(client=client, words=words)

    def push(self, **order: Any) -> Run:
        """One whole run, up to where a worker would stop."""
        run = self.begin(**order)
        if run.state == Run.State.PREPARING:
            self.carry_on(run)
        run.refresh_from_db()
        return run

    def begin(self, **order: Any) -> Run:
        """A run that nobody has carried out yet."""
        given = {"kind": starting.KIND, "trigger": Run.Trigger.COMMAND, **order}
        return starting.start(order=Order(**given))

    def carry_on(self, run: Run) -> None:
        """Everything that can be done for the run now."""
        wait_until(
            lambda: snapshots.take(run=Run.objects.get(pk=run.pk)), seconds=60, what="a snapshot"
        )
        tasks.plan.run(run.pk)
        pumping.pump(run_id=run.pk)
        finishing.finish(run_id=run.pk)

    def settle(self, run: Run) -> Run:
        """Reaper, reconciler and pumps by turns, as beat would, until the run ends."""

        def tick() -> bool:
            attempts.expire_prepared()
            with closing(ready_client()) as client:
                reconciling.settle(client=client, settle_time=settings.CREATE_SETTLE_TIME)
            # Long waits are cut short; looking again at once would use up the looks of a portion.
            soon = timezone.now() + timedelta(seconds=settings.SYNC_PORTION_RECHECK)
            Portion.objects.filter(run=run, not_before__gt=soon).update(not_before=None)
            pumping.pump(run_id=run.pk)
            finishing.finish(run_id=run.pk)
            run.refresh_from_db()
            return run.state not in Run.ACTIVE

        wait_until(tick, seconds=SETTLE_SECONDS, what=f"the end of run {run.pk}")
        return run

    def lose_database(self) -> None:
        """From now on the database is another one: empty, and younger than the account."""
        call_command("flush", interactive=False, verbosity=0)
        watermark()

    def audit(self) -> Any:
        """amoCRM's own count: the judge."""
        return self.amocrm.get("audit")

    def companies(self, seller_id: str) -> Any:
        """The companies of a seller, as amoCRM holds them."""
        return self.amocrm.get(f"audit/seller/{seller_id}")["companies"]

    def company(self, seller_id: str) -> Any:
        """The one company of a seller, as amoCRM holds it."""
        found = self.companies(seller_id)
        assert len(found) == 1, found
        return found[0]


def watermark() -> Watermark:
    """The row that migrations make, also after a test has flushed the tables."""
    return Watermark.objects.get_or_create(pk=1)[0]


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
