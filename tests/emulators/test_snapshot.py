from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from emulators.people import People
from emulators.snapshot import write
from emulators.words import CATEGORIES
from tests.emulators.conftest import SEED, SELLERS
from tests.emulators.talking import Talker

Row = dict[str, Any]


def rows(directory: Path, table: str) -> list[Row]:
    with duckdb.connect() as database:
        found = database.read_parquet(f"{directory}/{table}/*.parquet")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("snapshot")
    write(People(sellers=SELLERS, seed=SEED), directory)
    return directory


def test_columns_are_the_promised_ones(snapshot: Path) -> None:
    with duckdb.connect() as database:
        sellers = database.read_parquet(f"{snapshot}/sellers/*.parquet")
        offers = database.read_parquet(f"{snapshot}/offers/*.parquet")
        types = {
            table: dict(zip(found.columns, map(str, found.types), strict=True))
            for table, found in (("sellers", sellers), ("offers", offers))
        }
    seller = dict.fromkeys(("seller_id", "phone", "email", "name", "sale_address"), "VARCHAR")
    offer = dict.fromkeys(
        ("offer_id", "seller_id", "status", "source", "condition", "category"), "VARCHAR"
    )
    assert types["sellers"] == {**seller, "first_visit_at": "TIMESTAMP"}
    assert types["offers"] == {**offer, "created_at": "TIMESTAMP"}


def test_sellers_without_offers_are_there_too(snapshot: Path) -> None:
    sellers = {row["seller_id"] for row in rows(snapshot, "sellers")}
    with_offers = {row["seller_id"] for row in rows(snapshot, "offers")}
    assert (len(with_offers), len(sellers)) == (SELLERS, SELLERS + 4)
    assert with_offers < sellers


def test_sellers_service_agrees_with_the_snapshot(snapshot: Path, sellers: Talker) -> None:
    for row in rows(snapshot, "sellers"):
        visit = row.pop("first_visit_at")
        answer = sellers.get(f"/api/v1/sellers/{row['seller_id']}").json
        told = answer.pop("first_visit_at")
        assert answer == row
        assert told == (None if visit is None else f"{visit.isoformat()}Z")


def test_offers_service_agrees_with_the_snapshot(snapshot: Path, offers: Talker) -> None:
    by_seller: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows(snapshot, "offers"):
        by_seller[row["seller_id"]].append(row)
    for seller in rows(snapshot, "sellers"):
        its = by_seller[seller["seller_id"]]
        told = offers.get(f"/api/v1/sellers/{seller['seller_id']}/stats").json
        assert told["offers_total"] == len(its) == sum(told["offers_by_status"].values())
        assert set(told["categories"]) == {row["category"] for row in its}
        assert told["has_feed"] == any(row["source"] == "feed" for row in its)
        assert told["has_used"] == any(row["condition"] == "used" for row in its)
        first = min((row["created_at"].isoformat() + "Z" for row in its), default=None)
        assert told["first_offer_at"] == first


def test_offers_by_feed_belong_to_sellers_with_a_feed(snapshot: Path, feeds: Talker) -> None:
    ids = [row["seller_id"] for row in rows(snapshot, "sellers")]
    found = feeds.post("/api/v1/feeds/lookup", {"seller_ids": ids}).json["feeds"]
    with_feed = {feed["seller_id"] for feed in found}
    assert {row["seller_id"] for row in rows(snapshot, "offers") if row["source"] == "feed"} <= (
        with_feed
    )
    assert 0.2 < len(with_feed) / len(ids) < 0.4


def test_writing_again_replaces_what_was_there(tmp_path: Path) -> None:
    write(People(sellers=50, seed=1), tmp_path, chunk=20)
    assert len(list((tmp_path / "sellers").iterdir())) == 3
    assert len(rows(tmp_path, "sellers")) == 51
    write(People(sellers=10, seed=1), tmp_path)
    assert len(rows(tmp_path, "sellers")) == 10


def test_changed_snapshot_differs_in_offers_only(tmp_path: Path, snapshot: Path) -> None:
    write(People(sellers=SELLERS, seed=SEED, changed_share=0.5, changed_seed=2), tmp_path)
    assert rows(tmp_path, "sellers") == rows(snapshot, "sellers")
    assert len(rows(tmp_path, "offers")) > len(rows(snapshot, "offers"))


def test_every_category_occurs(snapshot: Path) -> None:
    assert {row["category"] for row in rows(snapshot, "offers")} == set(CATEGORIES)
