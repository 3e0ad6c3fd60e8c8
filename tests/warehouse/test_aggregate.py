"""What becomes of the two tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.warehouse.model import aggregate, figures
from tests.warehouse.snapshots import (
    Offer,
    Seller,
    embedded,
    finish,
    rows_of,
    write_query,
    write_snapshot,
)

TEXTS = st.none() | st.text(max_size=6)
SELLER_IDS = st.sampled_from([None, "", "a", "a\x00", "a\x00b", "Z", "я", "ﬀ", "😀", "10", "9"])
TIMES = st.none() | st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - naive UTC
SELLERS = st.builds(Seller, SELLER_IDS, TEXTS, TEXTS, TEXTS, TEXTS, TIMES)
OFFERS = st.builds(
    Offer,
    seller_id=SELLER_IDS,
    status=st.sampled_from([None, "", "active", "banned", 'a "new"\x00 one']),
    source=st.sampled_from([None, "feed", "form", "phone"]),
    condition=st.sampled_from([None, "new", "used", "broken"]),
    category=TEXTS,
    created_at=TIMES,
)


@settings(max_examples=20, deadline=None)
@given(
    sellers=st.lists(SELLERS, max_size=12),
    offers=st.lists(OFFERS, max_size=30),
    rows_per_slice=st.integers(min_value=8, max_value=45),
)
@example(sellers=[Seller("a", None), Seller("a", "")], offers=[Offer("a")], rows_per_slice=1)
def test_aggregate_is_what_plain_python_makes_of_the_same_tables(
    sellers: Sequence[Seller], offers: Sequence[Offer], rows_per_slice: int
) -> None:
    with TemporaryDirectory() as directory:
        snapshot = write_snapshot(Path(directory) / "snapshot", sellers=sellers, offers=offers)
        warehouse = embedded(snapshot, rows_per_slice=rows_per_slice)
        rows = rows_of(warehouse)
        facts = warehouse.facts("1")
    assert rows == aggregate(sellers, offers)
    assert facts == figures(sellers, offers, rows)
    assert facts.sellers == len(rows) + (
        facts.duplicate_sellers + facts.sellers_without_id + facts.sellers_without_offers
    )
    assert facts.offers == sum(row.offers_total for row in rows) + (
        facts.orphan_offers + facts.offers_without_seller_id
    )


def test_statuses_and_categories_are_sorted_by_name(tmp_path: Path) -> None:
    offers = [Offer("s", status=name, category=name) for name in ("б", "z", "Z", "а")]
    snapshot = write_snapshot(tmp_path / "snapshot", sellers=[Seller("s")], offers=offers)
    warehouse = embedded(snapshot)
    [row] = rows_of(warehouse)
    assert list(row.offers_by_status) == list(row.categories) == ["Z", "z", "а", "б"]
    assert list(warehouse.facts("1").statuses) == ["Z", "z", "а", "б"]


def test_newest_first_visit_wins_among_rows_of_one_seller(tmp_path: Path) -> None:
    sellers = [
        Seller("s", name="no visit"),
        Seller("s", name="newest", first_visit_at=datetime(2024, 5, 2)),  # noqa: DTZ001 - as in the file
        Seller("s", name="older", first_visit_at=datetime(2024, 5, 1)),  # noqa: DTZ001 - as in the file
    ]
    warehouse = embedded(
        write_snapshot(tmp_path / "snapshot", sellers=sellers, offers=[Offer("s")])
    )
    assert [row.name for row in rows_of(warehouse)] == ["newest"]
    assert warehouse.facts("1").duplicate_sellers == 2


def test_texts_of_a_megabyte_and_nul_bytes_come_through(tmp_path: Path) -> None:
    sellers = [Seller(f"s{i}", name="я\x00" * 350_000, phone="\x00") for i in range(8)]
    offers = [Offer(f"s{i}") for i in range(8)]
    rows = rows_of(embedded(write_snapshot(tmp_path / "big", sellers=sellers, offers=offers)))
    assert {(row.name, row.phone) for row in rows} == {("я\x00" * 350_000, "\x00")}
    assert len(rows) == 8


def test_no_offers_is_a_ready_snapshot_without_rows(tmp_path: Path) -> None:
    warehouse = embedded(write_snapshot(tmp_path / "empty", sellers=[], offers=[]))
    handle = warehouse.start(run="1")
    assert finish(warehouse, handle).rows == 0
    assert warehouse.read(handle, start=0, stop=500) == []
    assert warehouse.facts(handle).offers == 0


def test_times_are_utc_and_those_python_cannot_hold_are_absent(tmp_path: Path) -> None:
    write_query(
        tmp_path / "snapshot" / "sellers" / "0.parquet",
        """SELECT id AS seller_id, '' AS phone, '' AS email, '' AS name, '' AS sale_address,
        moment::TIMESTAMPTZ AS first_visit_at
        FROM (VALUES ('a', '2024-03-01 01:30:00+03'), ('b', 'infinity'), ('c', '12024-01-01'),
                     ('d', '0044-03-15 (BC) 00:00:00+00')) t(id, moment)""",
    )
    write_query(
        tmp_path / "snapshot" / "offers" / "0.parquet",
        """SELECT unnest(['a', 'b', 'c', 'd']) AS seller_id, '' AS status, '' AS source,
        '' AS condition, '' AS category,
        unnest([DATE '2024-02-29', '0001-01-01', '9998-12-31', '9999-01-01']) AS created_at""",
    )
    rows = rows_of(embedded(tmp_path / "snapshot"))
    assert [row.first_visit_at for row in rows] == [
        datetime(2024, 2, 29, 22, 30, tzinfo=UTC),
        None,
        None,
        None,
    ]
    assert [row.first_offer_at for row in rows] == [
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9998, 12, 31, tzinfo=UTC),
        None,
    ]


def test_integers_are_read_as_text_and_files_may_differ_in_order_and_type(tmp_path: Path) -> None:
    text = Seller("x7", phone="8-916")
    snapshot = write_snapshot(tmp_path / "s", sellers=[text], offers=[Offer("x7")])
    (snapshot / "sellers" / "0.parquet").rename(snapshot / "sellers" / "2.parquet")
    write_query(
        snapshot / "sellers" / "1.parquet",
        """SELECT NULL::TIMESTAMP_NS AS first_visit_at, 'x' AS sale_address, 'y' AS name,
        'z' AS email, 79161234567 AS phone, 9 AS seller_id, 1 AS unknown""",
    )
    write_query(
        snapshot / "offers" / "1.parquet",
        """SELECT 9 AS seller_id, 1 AS status, 'form' AS source, 'new' AS condition,
        2 AS category, TIMESTAMP_NS '2024-01-01 00:00:00.000001400' AS created_at""",
    )
    rows = rows_of(embedded(snapshot))
    assert [(row.seller_id, row.phone, row.email) for row in rows] == [
        ("9", "79161234567", "z"),
        ("x7", "8-916", None),
    ]
    assert rows[0].offers_by_status == {"1": 1}
    assert rows[0].first_offer_at == datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
