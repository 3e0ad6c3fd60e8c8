"""Creates whose answers are lost in every way amoCRM knows: never a second company, never none."""

from typing import Any

import pytest

from companies.models import Company, CompanyDuplicate, CreateAttempt
from operations.models import Run
from tests.world import World

SELLERS = 600  # three writes, two of them full
CREATES: dict[str, Any] = {"method": "POST", "path": "/api/v4/companies"}


def _push_despite(world: World, **fault: Any) -> None:
    """A first load whose creates meet the fault, judged when everything is settled."""
    world.sellers(SELLERS)
    world.prepare_fields()
    world.amocrm.fault(**CREATES, **{"times": 2, **fault})
    run = world.settle(world.push())
    audit = world.audit()
    assert run.state == Run.State.DONE
    assert audit["companies"] == audit["sellers"] == Company.objects.count() == SELLERS
    assert audit["max_companies_per_seller"] == 1
    assert not CompanyDuplicate.objects.exists()
    assert not CreateAttempt.objects.filter(state__in=["p", "s"]).exists()
    assert run.created == SELLERS


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset_after_commit"},
        {"kind": "reset_before_commit"},
        {"kind": "reset_halfway"},
        {"kind": "status_after_commit", "status": 504, "body": "html"},
        {"kind": "status_before_commit", "status": 502, "body": "html"},
        {"kind": "status_after_commit", "status": 500, "body": "json"},
        {"kind": "html_200"},
        {"kind": "no_content"},
        {"kind": "drop_items", "count": 7},
        {"kind": "shuffle"},
        {"kind": "extra_items"},
        {"kind": "slow_answer", "seconds": 4},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_lost_answer_is_settled_by_reading_back(world: World, fault: dict[str, Any]) -> None:
    _push_despite(world, **fault)


def test_index_that_lags_does_not_hide_a_company(world: World) -> None:
    world.amocrm.settings(index_lag_seconds=0.7)  # below the settle time of one second
    _push_despite(world, kind="reset_after_commit")


def test_create_refused_for_its_token_is_sent_again(world: World) -> None:
    _push_despite(world, kind="status_before_commit", status=401, body="json")


def test_halves_are_sent_where_amocrm_finds_a_write_too_large(world: World) -> None:
    _push_despite(world, kind="status_before_commit", status=413, body="html")


def test_rate_limited_create_is_sent_again_after_the_told_time(world: World) -> None:
    world.amocrm.settings(retry_after=1)
    _push_despite(world, kind="status_before_commit", status=429, body="json")
