"""The scan that proves absence: complete, in order, or an error."""

from collections.abc import Sequence

import orjson
import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.listing import MOST_PER_PAGE, Listing
from clients.amocrm.records import company_record
from clients.amocrm.writing import CompanyDraft
from clients.errors import ServiceError, TransientError, UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane
from tests.clients.amocrm.conftest import Account
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking

SCAN = Lane.BACKGROUND


def fill(crm: AmoCrm, count: int, *, named: str = "s") -> list[int]:
    """The ids of new companies, ascending."""
    drafts = [CompanyDraft(f"{named}{number}", {"name": "C"}) for number in range(count)]
    batches = [drafts[start : start + 250] for start in range(0, count, 250)]
    results = [crm.companies.create(batch, lane=Lane.BULK) for batch in batches]
    return sorted(item.company_id for result in results for item in result.written.values())


def scanned(crm: AmoCrm, until_id: int) -> list[int]:
    return [record.company_id for record in crm.companies.scan_newest(lane=SCAN, until_id=until_id)]


def test_scan_brings_everything_above_a_company_newest_first(account: Account, crm: AmoCrm) -> None:
    ids = fill(crm, 600)
    before = len(account.pace.reserved)
    assert scanned(crm, ids[99]) == ids[:99:-1]
    assert len(account.pace.reserved) - before == 3


def test_scan_to_the_first_company_ends_with_the_list(crm: AmoCrm) -> None:
    ids = fill(crm, 260)
    assert scanned(crm, 0) == ids[::-1]


def test_scan_of_an_empty_account_is_empty(crm: AmoCrm) -> None:
    assert scanned(crm, 0) == []


def test_company_that_comes_during_the_scan_repeats_nothing(crm: AmoCrm) -> None:
    ids = fill(crm, 300)
    scan = crm.companies.scan_newest(lane=SCAN, until_id=0)
    first = [next(scan).company_id for _ in range(MOST_PER_PAGE)]
    fill(crm, 20, named="late")
    assert first + [record.company_id for record in scan] == ids[::-1]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "no_content", "skip": 1},
        {"kind": "html_200", "skip": 1},
        {"kind": "status_before_commit", "status": 503, "skip": 1},
        {"kind": "reset_before_commit", "skip": 1},
        {"kind": "shuffle", "skip": 1, "seed": 1},
        {"kind": "shuffle", "seed": 1},
    ],
)
def test_scan_that_did_not_finish_raises(
    account: Account, crm: AmoCrm, fault: dict[str, object]
) -> None:
    fill(crm, 300)
    account.control.fault(**fault)  # type: ignore[arg-type]  # the parameters above
    with pytest.raises(ServiceError) as broken:
        scanned(crm, 0)
    assert isinstance(broken.value, TransientError | UnexpectedAnswerError)


def page(ids: Sequence[int], *, has_next: bool) -> bytes:
    links = {"next": {"href": "https://example/?page=2"}} if has_next else {}
    companies = [{"id": each, "name": "C", "custom_fields_values": None} for each in ids]
    return reply(orjson.dumps({"_links": links, "_embedded": {"companies": companies}}))


def test_order_that_is_not_kept_raises() -> None:
    with (
        talking(answering(page([1, 2, 3], has_next=False))) as (transport, _),
        pytest.raises(UnexpectedAnswerError, match="not in the order"),
    ):
        scanned(AmoCrm(transport), 0)


def test_list_without_an_end_raises() -> None:
    listing = Listing("/things", "companies", company_record)
    with talking(answering(*[page([1], has_next=True)] * 5)) as (transport, server):
        pages = listing.pages(JsonService(transport), lane=SCAN, most_pages=5)
        with pytest.raises(UnexpectedAnswerError, match="no end in 5 pages"):
            list(pages)
        assert len(server.requests) == 5


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"_embedded":{}}',
        b'{"_embedded":{"companies":null}}',
        b'{"_embedded":{"companies":[1]}}',
        b'{"_embedded":{"companies":[{"id":"5"}]}}',
        b'{"_embedded":{"companies":[{"id":true}]}}',
        b'{"_embedded":{"companies":[{"id":5,"custom_fields_values":[{"values":[]}]}]}}',
        b'{"_embedded":[1]}',
        b"[]",
        b"",
    ],
)
def test_page_of_another_shape_is_no_empty_page(body: bytes) -> None:
    with (
        talking(answering(reply(body))) as (transport, _),
        pytest.raises(UnexpectedAnswerError),
    ):
        scanned(AmoCrm(transport), 0)
