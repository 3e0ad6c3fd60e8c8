"""Companies: written in batches, matched by name, read page by page."""

import math
from collections.abc import Sequence

import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.custom_fields import NewField
from clients.amocrm.entities import Entity
from clients.amocrm.listing import Filters
from clients.amocrm.records import CompanyRecord
from clients.amocrm.writing import CompanyChange, CompanyDraft
from clients.errors import (
    AuthError,
    FloodBlockError,
    RateLimitedError,
    TooLargeError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnpaidError,
    ValidationError,
)
from clients.pacing import Lane
from tests.clients.amocrm.conftest import Account

BULK = Lane.BULK


def draft(name: str) -> CompanyDraft:
    return CompanyDraft(name, {"name": f"Company {name}"})


def drafts(count: int) -> list[CompanyDraft]:
    return [draft(f"s{number}") for number in range(count)]


def created(crm: AmoCrm, count: int) -> dict[str, int]:
    """Companies that are there, request_id -> company_id."""
    result = crm.companies.create(drafts(count), lane=BULK)
    return {name: written.company_id for name, written in result.written.items()}


def names(records: Sequence[CompanyRecord]) -> list[str]:
    return [record.name for record in records]


def test_created_companies_are_named_by_their_request_ids(crm: AmoCrm) -> None:
    result = crm.companies.create(drafts(250), lane=BULK)
    assert result.missing == frozenset()
    assert result.written.keys() == {f"s{number}" for number in range(250)}
    record = crm.companies.get(result.written["s17"].company_id, lane=BULK)
    assert record is not None
    assert record.name == "Company s17"


@pytest.mark.parametrize("fault", [{"kind": "shuffle", "seed": 3}, {"kind": "extra_items"}])
def test_created_companies_are_not_matched_by_position(
    account: Account, crm: AmoCrm, fault: dict[str, object]
) -> None:
    account.control.fault(**fault)  # type: ignore[arg-type]  # the parameters above
    result = crm.companies.create(drafts(20), lane=BULK)
    assert result.written.keys() == {f"s{number}" for number in range(20)}
    found = {record.company_id: record.name for record in crm.companies.page(lane=BULK).records}
    assert {name: found[written.company_id] for name, written in result.written.items()} == {
        f"s{number}": f"Company s{number}" for number in range(20)
    }


def test_items_the_answer_does_not_mention_are_missing(account: Account, crm: AmoCrm) -> None:
    account.control.fault("drop_items", count=2)
    result = crm.companies.create(drafts(5), lane=BULK)
    assert result.written.keys() == {"s0", "s1", "s2"}
    assert result.missing == {"s3", "s4"}


def test_updated_companies_are_named_by_their_request_ids(crm: AmoCrm) -> None:
    ids = created(crm, 3)
    result = crm.companies.update(
        [CompanyChange(f"u{n}", ids[f"s{n}"], {"name": f"New {n}"}) for n in (2, 0)], lane=BULK
    )
    assert {name: written.company_id for name, written in result.written.items()} == {
        "u2": ids["s2"],
        "u0": ids["s0"],
    }
    assert all(written.updated_at for written in result.written.values())
    assert names(crm.companies.page(lane=BULK).records) == ["New 2", "Company s1", "New 0"]


def test_updated_companies_are_not_matched_by_position(account: Account, crm: AmoCrm) -> None:
    ids = created(crm, 20)
    account.control.fault("shuffle", seed=3)
    changes = [CompanyChange(name, company_id, {"name": name}) for name, company_id in ids.items()]
    result = crm.companies.update(changes, lane=BULK)
    assert {name: written.company_id for name, written in result.written.items()} == ids


@pytest.mark.parametrize("nothing", [None, []])
def test_field_is_cleared_and_the_others_stay(crm: AmoCrm, nothing: list[object] | None) -> None:
    codes = ("AMONITION_FEED_REQUEST", "AMONITION_FEED_URL")
    crm.custom_fields.create(
        Entity.COMPANIES, [NewField(code, code, "url") for code in codes], lane=BULK
    )
    filled = [{"field_code": code, "values": [{"value": "https://f.ru/x"}]} for code in codes]
    made = crm.companies.create([CompanyDraft("c", {"custom_fields_values": filled})], lane=BULK)
    company_id = made.written["c"].company_id
    cleared = {"custom_fields_values": [{"field_code": codes[0], "values": nothing}]}
    result = crm.companies.update([CompanyChange("c", company_id, cleared)], lane=BULK)
    assert result.written["c"].updated_at is not None
    record = crm.companies.get(company_id, lane=BULK)
    assert record is not None
    assert record.updated_at == result.written["c"].updated_at
    assert [record.text(code) for code in codes] == ["", "https://f.ru/x"]


def test_company_that_is_gone_is_missing_from_an_update(account: Account, crm: AmoCrm) -> None:
    ids = created(crm, 2)
    account.control.delete(f"companies/{ids['s0']}")
    account.control.settings(patch_missing="omit")
    changes = [CompanyChange(name, company_id, {"name": name}) for name, company_id in ids.items()]
    result = crm.companies.update(changes, lane=BULK)
    assert result.written.keys() == {"s1"}
    assert result.missing == {"s0"}


def test_refused_items_are_named_with_amocrms_own_words(account: Account, crm: AmoCrm) -> None:
    bad = {"custom_fields_values": [{"field_id": 1, "values": [{"value": "x"}]}]}
    with pytest.raises(ValidationError) as refused:
        crm.companies.create([draft("good"), CompanyDraft("bad", bad)], lane=BULK)
    assert refused.value.items.keys() == {"bad"}
    [complaint] = refused.value.items["bad"]
    assert complaint.code == "NotSupportedChoice"
    assert complaint.path == "custom_fields_values.0.field_id"
    assert refused.value.trace_id
    assert account.control.get("audit")["companies"] == 0


@pytest.mark.parametrize("kind", ["html_200", "no_content", "reset_after_commit", "trickle"])
def test_create_without_a_usable_confirmation_is_unknown(account: Account, kind: str) -> None:
    crm = AmoCrm(account.transport(total_seconds=0.5))
    account.control.fault(kind, path="/api/v4/companies")
    with pytest.raises(UnknownOutcomeError) as lost:
        crm.companies.create(drafts(2), lane=BULK)
    assert not lost.value.repeatable
    assert account.control.get("audit")["companies"] == 2
    crm.close()


@pytest.mark.parametrize(("status", "overloaded"), [(500, False), (502, False), (504, True)])
def test_create_that_broke_is_unknown(
    account: Account, crm: AmoCrm, status: int, overloaded: bool
) -> None:
    account.control.fault("status_after_commit", status=status)
    with pytest.raises(UnknownOutcomeError) as lost:
        crm.companies.create(drafts(2), lane=BULK)
    assert lost.value.overloaded == overloaded


def test_error_names_the_exchange_for_the_services_support(account: Account, crm: AmoCrm) -> None:
    account.control.fault("html_200", path="/api/v4/companies")
    with pytest.raises(UnknownOutcomeError) as lost:
        crm.companies.create(drafts(1), lane=BULK)
    assert lost.value.trace_id


def test_update_without_a_usable_confirmation_may_be_repeated(
    account: Account, crm: AmoCrm
) -> None:
    ids = created(crm, 1)
    account.control.fault("html_200", method="PATCH")
    change = CompanyChange("s0", ids["s0"], {"name": "New"})
    with pytest.raises(UnknownOutcomeError) as lost:
        crm.companies.update([change], lane=BULK)
    assert lost.value.repeatable
    assert crm.companies.update([change], lane=BULK).written.keys() == {"s0"}


@pytest.mark.parametrize("kind", ["html_200", "reset_after_commit", "trickle"])
def test_read_without_a_usable_answer_is_no_absence(account: Account, kind: str) -> None:
    crm = AmoCrm(account.transport(total_seconds=0.5))
    account.control.fault(kind, path="/api/v4/companies")
    with pytest.raises((TransientError, UnexpectedAnswerError)):
        crm.companies.get(1, lane=BULK)
    crm.close()


def test_mark_is_made_for_a_create(account: Account, crm: AmoCrm) -> None:
    seen: list[int] = []

    def mark() -> float:
        seen.append(account.control.get("audit")["companies"])
        return math.inf

    crm.companies.create(drafts(1), lane=BULK, before_first_byte=mark)
    assert seen == [0]


def test_lane_and_patience_reach_the_limiter(account: Account, crm: AmoCrm) -> None:
    crm.companies.create(drafts(1), lane=Lane.BACKGROUND, patience=3.0)
    assert account.pace.lanes == [Lane.BACKGROUND]
    assert 2.5 < account.pace.patiences[0] <= 3.0


def test_429_slows_everybody_down(account: Account, crm: AmoCrm) -> None:
    account.control.settings(rate_limit=0, rate_limit_reply="json", retry_after=120)
    with pytest.raises(RateLimitedError) as limited:
        crm.companies.create(drafts(1), lane=BULK)
    assert limited.value.retry_after == 120
    account.control.settings(rate_limit_reply="html")
    with pytest.raises(RateLimitedError):
        crm.companies.create(drafts(1), lane=BULK)
    assert account.pace.slowed == [120, None]
    assert account.control.get("audit")["companies"] == 0


def test_flood_block_closes_everything(account: Account, crm: AmoCrm) -> None:
    account.control.post("flood_block", {"blocked": True})
    with pytest.raises(FloodBlockError):
        crm.companies.get(1, lane=BULK)
    assert len(account.pace.closed) == 1


def test_token_that_is_no_good_is_an_auth_error(account: Account, crm: AmoCrm) -> None:
    account.token = "another"
    with pytest.raises(AuthError):
        crm.companies.get(1, lane=BULK)


def test_unpaid_account_is_told_apart(account: Account, crm: AmoCrm) -> None:
    account.control.settings(paid=False)
    with pytest.raises(UnpaidError):
        crm.companies.create(drafts(1), lane=BULK)


@pytest.mark.parametrize("status", [413, 422])
def test_too_large_a_write_is_told_apart(account: Account, crm: AmoCrm, status: int) -> None:
    account.control.fault("status_before_commit", status=status, body="json")
    with pytest.raises(TooLargeError):
        crm.companies.create(drafts(2), lane=BULK)


@pytest.mark.parametrize(
    "batch", [[], drafts(251), [draft("a"), draft("b"), draft("a")]], ids=["none", "many", "twice"]
)
def test_impossible_create_is_not_even_tried(
    account: Account, crm: AmoCrm, batch: list[CompanyDraft]
) -> None:
    with pytest.raises(ValueError, match=r"items in one write|there twice"):
        crm.companies.create(batch, lane=BULK)
    assert account.pace.reserved == []


def test_company_is_not_changed_twice_in_one_write(account: Account, crm: AmoCrm) -> None:
    changes = [CompanyChange("a", 5, {"name": "A"}), CompanyChange("b", 5, {"name": "B"})]
    with pytest.raises(ValueError, match="a company is there twice"):
        crm.companies.update(changes, lane=BULK)
    assert account.pace.reserved == []


def test_unknown_company_is_none(crm: AmoCrm) -> None:
    assert crm.companies.get(1, lane=BULK) is None


def test_record_has_the_fields_by_code_or_id(crm: AmoCrm) -> None:
    fields = crm.custom_fields.create(
        Entity.COMPANIES,
        [
            NewField("OFFERS", "Offers", "numeric"),
            NewField("AUTO", "Auto", "checkbox"),
            NewField("KINDS", "Kinds", "multiselect", enums=("a", "b", "c")),
        ],
        lane=BULK,
    )
    assert [field.code for field in fields] == ["OFFERS", "AUTO", "KINDS"]
    body = {
        "name": "Full",
        "custom_fields_values": [
            {
                "field_code": "PHONE",
                "values": [
                    {"value": "+79001112233", "enum_code": "WORK"},
                    {"value": "+79001112244", "enum_code": "MOB"},
                ],
            },
            {"field_code": "OFFERS", "values": [{"value": 5}]},
            {"field_code": "AUTO", "values": [{"value": False}]},
            {"field_code": "KINDS", "values": [{"value": "a"}, {"value": "c"}]},
        ],
    }
    ids = crm.companies.create([CompanyDraft("full", body)], lane=BULK).written
    record = crm.companies.get(ids["full"].company_id, lane=BULK)
    assert record is not None
    assert record.fields["PHONE"] == ("+79001112233", "+79001112244")
    assert record.fields["KINDS"] == ("a", "c")
    assert record.fields["AUTO"] == (False,)
    assert [str(value) for value in record.fields["OFFERS"]] == ["5"]
    assert "EMAIL" not in record.fields
    assert record.created_at
    assert not record.is_deleted


def test_pages_follow_each_other(crm: AmoCrm) -> None:
    created(crm, 5)
    first = crm.companies.page(lane=BULK, limit=2, order=("id", "asc"))
    last = crm.companies.page(lane=BULK, limit=2, page=3, order=("id", "asc"))
    beyond = crm.companies.page(lane=BULK, limit=2, page=4, order=("id", "asc"))
    assert (names(first.records), first.has_next) == (["Company s0", "Company s1"], True)
    assert (names(last.records), last.has_next) == (["Company s4"], False)
    assert (names(beyond.records), beyond.has_next) == ([], False)


def test_query_finds_by_substring(crm: AmoCrm) -> None:
    created(crm, 12)
    found = crm.companies.page(lane=BULK, query="ny s1", order=("id", "asc"))
    assert names(found.records) == ["Company s1", "Company s10", "Company s11"]


def test_filters_are_written_the_way_of_php(crm: AmoCrm) -> None:
    ids = created(crm, 4)
    wanted: Filters = {("id",): [ids["s1"], ids["s3"]], ("created_at", "from"): 1}
    assert names(crm.companies.page(lane=BULK, filters=wanted).records) == [
        "Company s3",
        "Company s1",
    ]
    assert names(crm.companies.page(lane=BULK, filters={("created_at", "to"): 1}).records) == []
