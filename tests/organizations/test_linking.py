"""Manual links as they are written: what changes, what is sent again, who wins."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.forms.models import model_to_dict

from ads.models import Banner, BsEntry, ModerationEntry
from ads.shards import use_shard
from organizations import linking
from organizations.linking import Known, LinkChangedError, ManualLink
from organizations.models import BannerPermalink, Organization
from organizations.statuses import StatusPublish
from tests.crossing import behind
from tests.sharded import banner, campaign, client, committed_on_shards, on_shards

ONE, OTHER, CHAIN = 31, 32, 41
PUBLISHED = StatusPublish.PUBLISHED


@pytest.fixture
def bid() -> Iterator[int]:
    """A banner on the second shard, which is the current one. Nobody has linked it."""
    cid = campaign(client_id=client(shard=2), shard=2)
    with use_shard(2):
        yield banner(cid=cid, shard=2)


def links(bid: int) -> dict[int, str]:
    return dict(
        BannerPermalink.objects.filter(bid=bid).values_list("permalink", "permalink_assign_type")
    )


def auto(bid: int, permalink: int, **values: object) -> None:
    BannerPermalink.objects.create(
        bid=bid, permalink=permalink, permalink_assign_type="auto", **values
    )


def versions(bid: int) -> tuple[int, int]:
    """How often the banner was put into each queue."""
    return (
        sum(ModerationEntry.objects.filter(bid=bid).values_list("version", flat=True)),
        sum(BsEntry.objects.filter(bid=bid).values_list("version", flat=True)),
    )


@on_shards
@pytest.mark.requirement("R13")
def test_a_link_sends_its_banner_again(bid: int) -> None:
    assert linking.put(links=[ManualLink(bid, ONE)], seen={bid: None}) == {bid}
    assert links(bid) == {ONE: "manual"}
    assert versions(bid) == (1, 1)
    sent = Banner.objects.get(bid=bid)
    assert (sent.status_moderate, sent.status_bs_synced) == ("Ready", "No")


@on_shards
@pytest.mark.requirement("R72")
def test_the_same_link_twice_changes_nothing(bid: int) -> None:
    linking.put(links=[ManualLink(bid, ONE)], seen={bid: None})
    assert linking.put(links=[ManualLink(bid, ONE)], seen={bid: ONE}) == frozenset()
    assert versions(bid) == (1, 1)


@on_shards
@pytest.mark.requirement("R11")
def test_another_link_takes_the_place_of_the_first(bid: int) -> None:
    linking.put(links=[ManualLink(bid, ONE)], seen={bid: None})
    assert linking.put(links=[ManualLink(bid, OTHER)], seen={bid: ONE}) == {bid}
    assert links(bid) == {OTHER: "manual"}
    assert versions(bid) == (2, 2)


@on_shards
@pytest.mark.requirement("R15")
@pytest.mark.requirement("R53")
@pytest.mark.parametrize("chain", [0, CHAIN])
def test_an_automatic_link_becomes_manual(bid: int, chain: int) -> None:
    auto(bid, ONE, is_change_to_manual_rejected=True, is_sent_to_bs=True)
    auto(bid, OTHER)
    linking.put(links=[ManualLink(bid, ONE, chain_id=chain)], seen={bid: None})
    assert links(bid) == {ONE: "manual", OTHER: "auto"}
    made = BannerPermalink.objects.get(bid=bid, permalink=ONE)
    assert (made.chain_id, made.is_change_to_manual_rejected, made.is_sent_to_bs) == (
        chain,
        False,
        False,
    )


@on_shards
@pytest.mark.requirement("R17")
def test_priority_of_the_vcard_changes_only_itself(bid: int) -> None:
    linking.put(links=[ManualLink(bid, ONE, chain_id=CHAIN)], seen={bid: None})
    before = model_to_dict(BannerPermalink.objects.get(bid=bid))
    preferring = ManualLink(bid, ONE, chain_id=CHAIN, prefer_vcard=True)
    assert linking.put(links=[preferring], seen={bid: ONE}) == {bid}
    after = model_to_dict(BannerPermalink.objects.get(bid=bid))
    assert after == before | {"prefer_vcard_over_permalink": True}
    assert versions(bid) == (2, 2)


@on_shards
@pytest.mark.requirement("R13")
def test_removing_takes_the_named_manual_link_alone(bid: int) -> None:
    linking.put(links=[ManualLink(bid, ONE)], seen={bid: None})
    auto(bid, OTHER)
    assert linking.remove(links={bid: OTHER}) == frozenset()
    assert links(bid) == {ONE: "manual", OTHER: "auto"}
    assert linking.remove(links={bid: ONE}) == {bid}
    assert links(bid) == {OTHER: "auto"}
    assert linking.remove(links={bid: ONE}) == frozenset()
    assert versions(bid) == (2, 2)


@on_shards
@pytest.mark.requirement("R16")
@pytest.mark.requirement("R55")
@pytest.mark.requirement("R56")
def test_a_rejected_recommendation_goes_on_as_an_automatic_link(bid: int) -> None:
    auto(bid, ONE)
    assert linking.reject(bid=bid, permalink=ONE)
    assert linking.reject(bid=bid, permalink=ONE)
    assert links(bid) == {ONE: "auto"}
    assert BannerPermalink.objects.get(bid=bid).is_change_to_manual_rejected
    assert versions(bid) == (0, 0)


@on_shards
@pytest.mark.requirement("R16")
def test_a_manual_link_cannot_be_rejected(bid: int) -> None:
    linking.put(links=[ManualLink(bid, ONE)], seen={bid: None})
    assert not linking.reject(bid=bid, permalink=ONE)


@on_shards
@pytest.mark.requirement("R5")
@pytest.mark.requirement("R7")
def test_a_client_remembers_an_organization_as_of_the_first_link(bid: int) -> None:
    first = Known(ONE, CHAIN, PUBLISHED)
    assert linking.remember(client_id=1, organizations=[first]) == {ONE}
    again = [Known(ONE, 0, StatusPublish.UNPUBLISHED), Known(OTHER, 0, PUBLISHED)]
    assert linking.remember(client_id=1, organizations=again) == {OTHER}
    assert linking.remember(client_id=2, organizations=[first]) == {ONE}
    row = Organization.objects.get(client_id=1, permalink=ONE)
    assert (row.chain_id, row.status_publish) == (CHAIN, "published")


@on_shards
@pytest.mark.requirement("R8")
def test_an_organization_stays_when_nothing_is_linked_to_it(bid: int) -> None:
    linking.remember(client_id=1, organizations=[Known(ONE, 0, PUBLISHED)])
    linking.put(links=[ManualLink(bid, ONE)], seen={bid: None})
    linking.remove(links={bid: ONE})
    assert Organization.objects.filter(client_id=1, permalink=ONE).exists()


@committed_on_shards
@pytest.mark.requirement("R11")
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)])
def test_of_two_decisions_about_one_banner_one_commits(bid: int, first: int, second: int) -> None:
    def decide(permalink: int) -> object:
        with use_shard(2):
            try:
                return linking.put(links=[ManualLink(bid, permalink)], seen={bid: None})
            except LinkChangedError as error:
                return error

    (refused,) = behind(partial(decide, first), [partial(decide, second)], using="shard2")
    assert isinstance(refused, LinkChangedError)
    assert links(bid) == {first: "manual"}
    assert versions(bid) == (1, 1)


@committed_on_shards
@pytest.mark.requirement("R72")
def test_two_that_remember_the_same_add_one_row(bid: int) -> None:
    def remember() -> object:
        with use_shard(2):
            return linking.remember(client_id=1, organizations=[Known(ONE, 0, PUBLISHED)])

    assert behind(remember, [remember], using="shard2") == [frozenset()]
    assert Organization.objects.count() == 1
