"""The scan that proves absence, in stretches."""

from contextlib import closing

from companies.absence import Scan
from crm.connection import ready_client
from tests.world import World


def test_stretches_cover_everything_also_when_companies_come_in_between(world: World) -> None:
    world.amocrm.post("companies", [{"name": f"старая {n}"} for n in range(700)])
    seen: set[str] = set()
    with closing(ready_client()) as client:
        first = Scan(client=client, floor=0, most_pages=1)
        seen |= {record.name for record in first.records()}
        assert not first.is_complete
        world.amocrm.post("companies", [{"name": f"новая {n}"} for n in range(20)])
        second = Scan(client=client, floor=0, most_pages=10)
        assert second.started_at == first.started_at
        seen |= {record.name for record in second.records()}
        assert second.is_complete
        third = Scan(client=client, floor=0)
    assert {f"старая {n}" for n in range(700)} <= seen
    assert third.started_at > second.started_at


def test_scan_ends_at_its_floor(world: World) -> None:
    ids = world.amocrm.post("companies", [{"name": str(n)} for n in range(600)])["ids"]
    with closing(ready_client()) as client:
        scan = Scan(client=client, floor=sorted(ids)[-100])
        assert len(list(scan.records())) == 250
        assert scan.is_complete
