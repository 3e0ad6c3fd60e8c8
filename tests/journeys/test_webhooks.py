"""Webhooks with a real worker that is killed at every step: one effect and one note in the end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pytest_django import Settings

from clients.amocrm.entities import Entity
from operations.failpoints import VARIABLE
from tests.journeys.service import worker
from tests.waiting import wait_until
from tests.webhooks import bodies
from tests.webhooks.conftest import busy_emulators, office  # noqa: F401 - fixtures
from tests.webhooks.office import SELLER, TRANSFER, Office
from webhooks import sweeping
from webhooks.models import Door, Event, Note, Transfer

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SECONDS = 200  # for a dozen deaths, each of which costs a lease
EVENT = ("event.claimed", "event.handled", "event.closed")
NOTE = ("note.marked", "note.sent")
FEED = "https://shop.example.net/feed.xml"
LATER = 2_000_000_000


@pytest.fixture
def deaths(
    office: Office,  # noqa: F811 - the fixture
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A directory of failpoints, and a worker that dies at each of them once."""
    directory = tmp_path / "failpoints"
    directory.mkdir()
    monkeypatch.setenv(VARIABLE, str(directory))
    settings.WEBHOOK_EVENT_LEASE = 1
    settings.WEBHOOK_SETTLE_TIME = 1
    with worker(queues="interactive", log=tmp_path / "worker.log", processes=2):
        monkeypatch.delenv(VARIABLE)  # this process lives
        yield directory


def _die_at(directory: Path, points: Sequence[str]) -> None:
    for point in points:
        (directory / point).touch()


def _all_died_and_done(directory: Path) -> None:
    def is_over() -> bool:
        sweeping.sweep()
        done = Event.objects.exclude(state__in=Event.UNFINISHED).exists()
        return done and all(note.state == Note.State.DONE for note in Note.objects.all())

    wait_until(is_over, seconds=SECONDS, what="the event and its note")
    assert [path.name for path in directory.iterdir()] == []
    assert Event.objects.get().state == Event.State.DONE, Event.objects.get().reason


def test_transfer_that_dies_at_every_step_is_one_transfer(
    office: Office,  # noqa: F811
    deaths: Path,
) -> None:
    steps = ("transfer.opened", "transfer.marked", "transfer.sent", "transfer.settled")
    _die_at(deaths, [*EVENT, *NOTE, *steps])
    lead = office.lead()
    office.bring(Door.LEAD_STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    _all_died_and_done(deaths)
    assert office.snatcher.get("audit")["transfers"] == 1
    assert Transfer.objects.get().state == Transfer.State.ACCEPTED
    assert len(office.notes(Entity.LEADS, lead)) == 1


def test_feed_that_dies_at_every_step_is_one_feed(
    office: Office,  # noqa: F811
    deaths: Path,
) -> None:
    _die_at(deaths, [*EVENT, *NOTE, "feed.linked", "feed.sent", "feed.loaded", "feed.cleared"])
    company = office.company(AMONITION_SELLER_ID=SELLER, AMONITION_FEED_REQUEST=FEED)
    fields = {"AMONITION_FEED_REQUEST": FEED}
    body = bodies.company(company, last_modified=LATER, fields=fields)
    office.bring(Door.COMPANY_FEED, body)
    _all_died_and_done(deaths)
    assert office.feeds.get("audit")["loaded"] == {SELLER: FEED}
    assert "AMONITION_FEED_REQUEST" not in office.shown(company)["fields"]
    assert len(office.notes(Entity.COMPANIES, company)) == 1


def test_refresh_that_dies_at_every_step_leaves_fresh_figures(
    office: Office,  # noqa: F811
    deaths: Path,
) -> None:
    _die_at(deaths, [*EVENT, *NOTE, "refresh.written"])
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.bring(Door.COMPANY_REFRESH, bodies.company(company))
    _all_died_and_done(deaths)
    assert office.shown(company)["fields"]["AMONITION_OFFERS_TOTAL"] >= 1
    assert len(office.notes(Entity.COMPANIES, company)) == 1
