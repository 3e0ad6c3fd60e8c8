"""Whose rows are where, and that nobody gets there by mistake."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from pytest_django import Settings

from ads import shards
from ads.models import Campaign, Client
from ads.routing import ShardRouter
from ads.shards import ShardError, UnknownClientError, shard_of, use_shard
from companies.models import Company
from operations.models import Counter
from organizations.models import BannerPermalink
from tests.sharded import campaign, client, on_shards

pytestmark = on_shards


@pytest.mark.parametrize("shard", [1, 2])
def test_a_client_has_the_shard_that_was_written_down(shard: int) -> None:
    assert shard_of(client(shard=shard)) == shard


def test_a_moved_client_is_found_where_it_is_now() -> None:
    moved = client(shard=1)
    assert shard_of(moved) == 1
    Client.objects.filter(client_id=moved).update(shard=2)
    assert shard_of(moved) == 2


def test_a_client_that_nobody_placed_is_on_no_shard() -> None:
    with pytest.raises(UnknownClientError, match="77"):
        shard_of(77)


def test_shards_count_from_one() -> None:
    with pytest.raises(IntegrityError, match="shards_count_from_one"):
        client(shard=0)


def test_rows_of_one_shard_are_not_on_the_other() -> None:
    cid = campaign(client_id=1, shard=2)
    with use_shard(1):
        assert not Campaign.objects.filter(cid=cid).exists()
    with use_shard(2):
        assert Campaign.objects.get(cid=cid)._state.db == "shard2"


@pytest.mark.parametrize("model", [Campaign, BannerPermalink])
def test_nothing_is_read_or_written_without_a_shard(
    model: type[Campaign] | type[BannerPermalink],
) -> None:
    with pytest.raises(ShardError, match="no shard"):
        model.objects.exists()
    with pytest.raises(ShardError, match="no shard"):
        model.objects.create()
    with pytest.raises(ShardError, match="no shard"):
        shards.atomic()


def test_a_row_outside_of_its_shard_is_not_saved() -> None:
    cid = campaign(client_id=1, shard=1)
    with use_shard(1):
        row = Campaign.objects.get(cid=cid)
    with pytest.raises(ShardError, match="no shard"):
        row.save()
    with use_shard(2), pytest.raises(ShardError, match="shard1"):
        row.save()


def test_a_thread_begins_without_a_shard() -> None:
    with use_shard(1), ThreadPoolExecutor(1) as pool:
        found = pool.submit(shards.current_alias)
        with pytest.raises(ShardError):
            found.result()


def test_shards_are_not_nested() -> None:
    with use_shard(1):
        with use_shard(1):
            assert shards.current_alias() == "shard1"
        with pytest.raises(ShardError, match="inside"), use_shard(2):
            pytest.fail("two shards at once")
        assert shards.current_alias() == "shard1"


def test_a_shard_that_is_not_there_is_refused() -> None:
    with pytest.raises(ShardError, match="no shard 3"), use_shard(3):
        pytest.fail("there is no such shard")


def test_an_error_leaves_the_shard_behind() -> None:
    with pytest.raises(ValueError, match="inside"), use_shard(1):
        raise ValueError("inside")
    with pytest.raises(ShardError):
        shards.current_alias()


def test_other_tables_stay_where_they_are() -> None:
    with use_shard(2):
        Counter.objects.create(name="in a shard's work", value=1)
        assert not Company.objects.exists()
    assert Counter.objects.get(name="in a shard's work")._state.db == "default"


def test_a_transaction_is_one_of_the_shard() -> None:
    with use_shard(2), shards.atomic():
        assert connections["shard2"].in_atomic_block
        cid = campaign(client_id=1, shard=2)
        transaction.set_rollback(True, using="shard2")
    with use_shard(2):
        assert not Campaign.objects.filter(cid=cid).exists()


def test_rows_of_two_shards_are_not_related() -> None:
    router = ShardRouter()
    one, other = Campaign(cid=1), Campaign(cid=2)
    one._state.db, other._state.db = "shard1", "shard1"
    assert router.allow_relation(one, other)
    other._state.db = "shard2"
    assert not router.allow_relation(one, other)
    assert not router.allow_relation(one, Client(client_id=1))
    assert router.allow_relation(Counter(), Company()) is None


def test_work_is_done_on_every_shard_within_it() -> None:
    assert shards.for_each_shard(lambda shard: (shard, shards.current_alias())) == {
        1: (1, "shard1"),
        2: (2, "shard2"),
    }


def test_a_shard_that_fails_does_not_keep_the_others_waiting() -> None:
    done: list[int] = []

    def work(shard: int) -> None:
        if shard == 1:
            raise OperationalError("away")
        done.append(shard)

    with pytest.raises(ExceptionGroup) as raised:
        shards.for_each_shard(work)
    assert done == [2]
    (error,) = raised.value.exceptions
    assert isinstance(error, OperationalError)
    assert error.__notes__ == ["on shard 1"]


def test_a_mistake_of_ours_ends_the_round_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        shards.for_each_shard(lambda shard: shard // 0)


def test_shards_may_have_any_number(settings: Settings) -> None:
    settings.SHARDS = {1: "shard1", 2: "shard2", 3: "shard2"}
    assert shards.all_shards() == (1, 2, 3)
    with use_shard(3):
        assert shards.current_alias() == "shard2"
