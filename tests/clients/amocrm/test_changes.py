"""What was changed since a moment: of leads and companies, page by page."""

from collections.abc import Sequence

import orjson
import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.writing import CompanyChange, CompanyDraft
from clients.errors import TransientError, UnexpectedAnswerError
from clients.pacing import Lane
from tests.clients.amocrm.conftest import Account
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking

LANE = Lane.BACKGROUND
EMPTY = reply(b"", "204 No Content")


def lead(lead_id: int, **more: object) -> dict[str, object]:
    return {"id": lead_id, "name": "L", "pipeline_id": 1, "status_id": 2, **more}


def page(leads: Sequence[object], *, has_next: bool = False) -> bytes:
    links = {"next": {"href": "https://a.example/next"}} if has_next else {}
    return reply(orjson.dumps({"_links": links, "_embedded": {"leads": leads}}))


def test_leads_are_asked_for_by_filter_and_order() -> None:
    with talking(answering(page([lead(5, updated_at=70)], has_next=True))) as (transport, server):
        found = AmoCrm(transport).leads.page(
            lane=LANE,
            page=2,
            limit=10,
            order=("updated_at", "asc"),
            filters={("updated_at", "from"): 60, ("id",): [5, 6]},
        )
        assert server.requests[0].line.replace("%5B", "[").replace("%5D", "]") == (
            "GET /api/v4/leads?order[updated_at]=asc&filter[updated_at][from]=60"
            "&filter[id][]=5&filter[id][]=6&page=2&limit=10 HTTP/1.1"
        )
    assert [(each.lead_id, each.updated_at) for each in found.records] == [(5, 70)]
    assert found.has_next


def test_no_leads_are_an_empty_page() -> None:
    with talking(answering(EMPTY)) as (transport, _):
        found = AmoCrm(transport).leads.page(lane=LANE)
    assert (list(found.records), found.has_next) == ([], False)


@pytest.mark.parametrize("leads", [None, {}, [None], [lead(5, pipeline_id=None)], [{"id": 5}]])
def test_leads_of_another_shape_are_unexpected(leads: object) -> None:
    answer = reply(orjson.dumps({"_embedded": {"leads": leads}}))
    with talking(answering(answer)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        AmoCrm(transport).leads.page(lane=LANE)


def test_field_is_called_by_its_id_then_its_code_then_its_name() -> None:
    def field(field_id: int, code: str | None, name: str, value: str) -> dict[str, object]:
        values = [{"value": value}]
        return {"field_id": field_id, "field_code": code, "field_name": name, "values": values}

    values = [
        field(1, None, "Code", "by a name that is a code"),
        field(2, "CODE", "3", "by a code"),
        field(3, "OTHER", "Twice", "by an id"),
        field(4, None, "twice", "the second of a name"),
    ]
    answer = reply(orjson.dumps(lead(5, custom_fields_values=values)))
    with talking(answering(answer)) as (transport, _):
        found = AmoCrm(transport).leads.get(5, lane=LANE)
    assert found is not None
    assert found.text("1") == "by a name that is a code"
    assert found.text("code") == found.text("2") == "by a code"
    assert found.text("3") == found.text("OTHER") == found.text("twice") == "by an id"
    assert found.text("4") == "the second of a name"


def test_changed_leads_come_by_their_ids_over_all_pages() -> None:
    first = page([lead(5, updated_at=60), lead(6)], has_next=True)
    with talking(answering(first, page([lead(7, updated_at=99)]))) as (transport, server):
        found = list(AmoCrm(transport).leads.changed_since(60, lane=LANE))
        assert [each.lead_id for each in found] == [5, 6, 7]
        assert all("order%5Bid%5D=asc" in each.line for each in server.requests)
        assert all("filter%5Bupdated_at%5D%5Bfrom%5D=60" in each.line for each in server.requests)


def test_filter_that_was_ignored_is_noticed() -> None:
    answer = page([lead(5, updated_at=60), lead(6, updated_at=59)])
    with talking(answering(answer)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        list(AmoCrm(transport).leads.changed_since(60, lane=LANE))


def test_list_that_breaks_off_is_no_end() -> None:
    first = page([lead(5, updated_at=60)], has_next=True)
    with talking(answering(first, EMPTY)) as (transport, _):
        changed = AmoCrm(transport).leads.changed_since(60, lane=LANE)
        assert next(changed).lead_id == 5
        with pytest.raises(TransientError):
            next(changed)


def test_changed_companies_are_those_that_were_written_later(account: Account, crm: AmoCrm) -> None:
    drafts = [CompanyDraft(f"s{number}", {"name": "C"}) for number in range(300)]
    crm.companies.create(drafts[:250], lane=LANE)
    written = crm.companies.create(drafts[250:], lane=LANE).written
    account.control.post("clock", {"advance": 100})
    last = written["s299"].company_id
    assert list(crm.companies.changed_since(2**31, lane=LANE)) == []
    result = crm.companies.update([CompanyChange("u", last, {"name": "New"})], lane=LANE)
    moment = result.written["u"].updated_at
    assert moment is not None
    assert [each.name for each in crm.companies.changed_since(moment, lane=LANE)] == ["New"]
    everything = [each.company_id for each in crm.companies.changed_since(0, lane=LANE)]
    assert len(everything) == 300
    assert everything == sorted(everything)


def test_changed_leads_are_those_that_moved_later(account: Account, crm: AmoCrm) -> None:
    made = [account.control.post("leads", {"name": name})["id"] for name in "abc"]
    account.control.post("clock", {"advance": 100})
    account.control.post("leads", {"name": "d"})
    found = list(crm.leads.changed_since(0, lane=LANE))
    assert [each.lead_id for each in found[:3]] == made
    last = found[3].updated_at
    assert last is not None
    assert [each.name for each in crm.leads.changed_since(last, lane=LANE)] == ["d"]
    assert crm.leads.page(lane=LANE, filters={("id",): made[:2]}).records == found[1::-1]


def test_account_without_filters_is_noticed(account: Account, crm: AmoCrm) -> None:
    crm.companies.create([CompanyDraft("c", {"name": "C"})], lane=LANE)
    account.control.settings(filter_enabled=False)
    with pytest.raises(UnexpectedAnswerError):
        list(crm.companies.changed_since(2**31, lane=LANE))
