"""From WAREHOUSE_URL to a warehouse."""

from pathlib import Path
from urllib.parse import unquote

from warehouse.embedded.warehouse import EmbeddedWarehouse
from warehouse.interface import Warehouse, WarehouseError

EMBEDDED = "duckdb://"
YTSAURUS = "yt://"


def open_warehouse(
    url: str,
    *,
    token: str | None,  # noqa: ARG001 - files need none; a server will
    work_dir: Path,
) -> Warehouse:
    """The warehouse behind `url`; costs nothing until it is used.

    `work_dir`: where the embedded warehouse keeps its results. Machines that share runs share it.
    """
    if url.startswith(YTSAURUS):
        raise WarehouseError(
            "WAREHOUSE_URL: YTsaurus (yt://) is not supported yet; "
            "export the tables to Parquet and use duckdb:///absolute/dir"
        )
    directory = Path(unquote(url.removeprefix(EMBEDDED)))
    if not url.startswith(EMBEDDED) or not directory.is_absolute():
        raise WarehouseError(
            "WAREHOUSE_URL: expected duckdb:///absolute/dir "
            "(a directory with sellers/*.parquet and offers/*.parquet)"
        )
    return EmbeddedWarehouse(directory=directory, work_dir=work_dir)
