"""What the three tables refuse whatever the code does, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connections
from django.db.models import Model

from ads.models import ClientPhone
from ads.shards import use_shard
from organizations.models import BannerPermalink, CampaignPermalink, Organization
from tests.crossing import behind
from tests.sharded import committed_on_shards, on_shards

BID, CID, ONE, OTHER, CHAIN = 11, 21, 31, 32, 41


@pytest.fixture
def shard() -> Iterator[str]:
    """The database of the first shard, which is the current one."""
    with use_shard(1):
        yield "shard1"


def link(**values: object) -> None:
    """A manual link of the first organization, except for what is given."""
    given = {"bid": BID, "permalink": ONE, "permalink_assign_type": "manual"} | values
    BannerPermalink.objects.create(**given)


def columns(model: type[Model]) -> dict[str, bool]:
    """Every column; True for those of the primary key."""
    table = model._meta.db_table
    with connections["shard1"].cursor() as cursor:
        introspection = connections["shard1"].introspection
        key = introspection.get_primary_key_columns(cursor, table)
        found = introspection.get_table_description(cursor, table)
    assert key is not None
    return {column.name: column.name in key for column in found}


@on_shards
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param(
            Organization,
            {"ClientID": True, "permalink_id": True, "chain_id": False, "status_publish": False},
            marks=[pytest.mark.requirement("R1"), pytest.mark.requirement("R4")],
        ),
        pytest.param(
            BannerPermalink,
            {
                "bid": True,
                "permalink": True,
                "chain_id": True,
                "permalink_assign_type": False,
                "is_sent_to_bs": False,
                "uniq_cond": False,
                "is_change_to_manual_rejected": False,
                "prefer_vcard_over_permalink": False,
                "client_phone_id": False,
            },
            marks=[pytest.mark.requirement("R9"), pytest.mark.requirement("R10")],
        ),
        pytest.param(
            CampaignPermalink,
            {"cid": True, "permalink_id": False, "chain_id": False, "client_phone_id": False},
            marks=[pytest.mark.requirement("R19"), pytest.mark.requirement("R21")],
        ),
    ],
)
def test_keys_and_columns_are_those_that_others_read(
    model: type[Model], expected: dict[str, bool]
) -> None:
    assert columns(model) == expected


@on_shards
@pytest.mark.requirement("R4")
def test_a_client_has_an_organization_once(shard: str) -> None:
    Organization.objects.create(client_id=1, permalink=ONE, status_publish="published")
    Organization.objects.create(client_id=2, permalink=ONE, status_publish="published")
    with pytest.raises(IntegrityError, match="organizations_pkey"):
        Organization.objects.create(client_id=1, permalink=ONE, status_publish="unknown")


@on_shards
@pytest.mark.requirement("R2")
def test_an_organization_without_a_chain_has_none(shard: str) -> None:
    with connections[shard].cursor() as cursor:
        cursor.execute(
            'INSERT INTO organizations ("ClientID", permalink_id, status_publish)'
            " VALUES (1, 1, 'unknown')"
        )
    assert Organization.objects.get().chain_id == 0


@on_shards
@pytest.mark.requirement("R3")
@pytest.mark.parametrize("status", ["PUBLISHED", "closed", ""])
def test_there_is_no_fourth_status(shard: str, status: str) -> None:
    with pytest.raises(IntegrityError, match="a_status_is_one_of_three"):
        Organization.objects.create(client_id=1, permalink=ONE, status_publish=status)


@on_shards
@pytest.mark.requirement("R10")
def test_a_link_is_there_once(shard: str) -> None:
    link(permalink_assign_type="auto", chain_id=CHAIN)
    link(permalink_assign_type="auto", chain_id=CHAIN + 1)
    with pytest.raises(IntegrityError, match="banner_permalinks_pkey"):
        link(chain_id=CHAIN)


@on_shards
@pytest.mark.requirement("R11")
def test_a_banner_has_one_manual_organization(shard: str) -> None:
    link()
    link(bid=BID + 1, permalink=OTHER)
    link(permalink=OTHER, permalink_assign_type="auto")
    link(permalink=OTHER + 1, permalink_assign_type="auto")
    with pytest.raises(IntegrityError, match="one_manual_per_banner"):
        link(permalink=OTHER + 2)


@committed_on_shards
@pytest.mark.requirement("R11")
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)])
def test_of_two_that_link_at_once_one_commits(first: int, second: int) -> None:
    """The second one waits for the first one's transaction, and is refused with its commit."""

    def link_first() -> None:
        with use_shard(1):
            link(permalink=first)

    def link_second() -> None:
        with use_shard(1):
            link(permalink=second)

    (refused,) = behind(link_first, [link_second], using="shard1")
    assert isinstance(refused, IntegrityError)
    assert "one_manual_per_banner" in str(refused)
    with use_shard(1):
        assert list(BannerPermalink.objects.values_list("permalink", flat=True)) == [first]


@on_shards
@pytest.mark.requirement("R11")
def test_uniq_cond_is_derived_and_costs_no_index(shard: str) -> None:
    link()
    link(permalink=OTHER, permalink_assign_type="auto")
    found = dict(BannerPermalink.objects.values_list("permalink", "uniq_cond"))
    assert found == {ONE: 0, OTHER: None}
    with connections[shard].cursor() as cursor:
        constraints = connections[shard].introspection.get_constraints(cursor, "banner_permalinks")
    assert not [name for name, each in constraints.items() if "uniq_cond" in each["columns"]]


@on_shards
@pytest.mark.requirement("R12")
def test_a_chain_is_linked_only_automatically(shard: str) -> None:
    link(permalink=0, chain_id=CHAIN, permalink_assign_type="auto")
    with pytest.raises(IntegrityError, match="chains_only_automatically"):
        link(permalink=0, chain_id=CHAIN + 1)


@on_shards
@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        pytest.param(
            {"is_change_to_manual_rejected": True},
            "only_automatic_is_rejected",
            marks=pytest.mark.requirement("R16"),
        ),
        ({"permalink_assign_type": "other"}, "linked_by_import_or_person"),
        ({"permalink": 0, "permalink_assign_type": "auto"}, "names_organization_or_chain"),
        ({"permalink": -1, "permalink_assign_type": "auto"}, "names_organization_or_chain"),
        (
            {"prefer_vcard_over_permalink": True, "permalink_assign_type": "auto"},
            "only_manual_has_wishes",
        ),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(
    shard: str, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        link(**values)


@on_shards
@pytest.mark.requirement("R16")
def test_an_automatic_link_can_be_rejected(shard: str) -> None:
    link(permalink_assign_type="auto", is_change_to_manual_rejected=True)
    assert BannerPermalink.objects.filter(is_change_to_manual_rejected=True).count() == 1


@on_shards
@pytest.mark.requirement("R18")
def test_a_phone_is_one_of_client_phones(shard: str) -> None:
    ClientPhone.objects.create(client_phone_id=5, client_id=1, kind="manual", number="+79001234567")
    link(client_phone_id=5)
    link(bid=BID + 1, client_phone_id=6)
    with pytest.raises(IntegrityError, match="client_phone_id"):
        connections[shard].check_constraints()


@on_shards
@pytest.mark.requirement("R20")
def test_a_campaign_has_no_chain(shard: str) -> None:
    with pytest.raises(IntegrityError, match="campaigns_have_no_chains"):
        CampaignPermalink.objects.create(cid=CID, permalink=ONE, chain_id=CHAIN)


@on_shards
@pytest.mark.requirement("R21")
def test_a_campaign_has_one_organization(shard: str) -> None:
    CampaignPermalink.objects.create(cid=CID, permalink=ONE)
    with pytest.raises(IntegrityError, match="campaign_permalinks_pkey"):
        CampaignPermalink.objects.create(cid=CID, permalink=OTHER)
