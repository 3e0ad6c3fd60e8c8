"""WAREHOUSE_URL."""

from pathlib import Path

import pytest

from tests.warehouse.snapshots import Offer, Seller, rows_of, write_snapshot
from warehouse.interface import Warehouse, WarehouseError
from warehouse.opening import open_warehouse


@pytest.mark.parametrize(
    "url",
    [
        "yt://hahn",
        "duckdb://relative/dir",
        "duckdb:/dir",
        "duckdb://",
        "postgresql://x/y",
        "",
        "/d",
    ],
)
def test_unusable_url_is_told_with_the_name_of_the_variable(url: str, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"WAREHOUSE_URL: .*duckdb:///absolute/dir"):
        open_warehouse(url, token="secret", work_dir=tmp_path)


def test_error_does_not_repeat_a_password_in_the_url(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError) as caught:
        open_warehouse("clickhouse://user:secret@host/db", token="secret", work_dir=tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("name", "in_url"), [("a b#c?d", "a b#c?d"), ("50%", "50%25")])
def test_directory_is_read_from_the_url(tmp_path: Path, name: str, in_url: str) -> None:
    write_snapshot(tmp_path / name, sellers=[Seller("s")], offers=[Offer("s")])
    url = f"duckdb://{tmp_path}/{in_url}"
    warehouse: Warehouse = open_warehouse(url, token=None, work_dir=tmp_path / "work")
    assert [row.seller_id for row in rows_of(warehouse)] == ["s"]
