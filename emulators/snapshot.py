"""`python -m emulators.snapshot --sellers N --seed S DIR`: the warehouse's snapshot in Parquet."""

import argparse
import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from emulators.people import People

logger = logging.getLogger(__name__)

CHUNK = 50_000  # sellers per file: some 40 MB of text at a time
_SELLERS = {
    "seller_id": "VARCHAR",
    "phone": "VARCHAR",
    "email": "VARCHAR",
    "name": "VARCHAR",
    "sale_address": "VARCHAR",
    "first_visit_at": "TIMESTAMP",
}
_OFFERS = {
    "offer_id": "VARCHAR",
    "seller_id": "VARCHAR",
    "status": "VARCHAR",
    "source": "VARCHAR",
    "condition": "VARCHAR",
    "category": "VARCHAR",
    "created_at": "TIMESTAMP",
}


def write(people: People, directory: Path, *, chunk: int = CHUNK) -> None:
    """Writes `directory`/sellers/*.parquet and `directory`/offers/*.parquet, over an older one."""
    for table in ("sellers", "offers"):
        (directory / table).mkdir(parents=True, exist_ok=True)
        for old in (directory / table).glob("part-*.parquet"):
            old.unlink()
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as database:
        for part, start in enumerate(range(0, people.total, chunk)):
            numbers = range(start, min(start + chunk, people.total))
            name = f"part-{part:05}.parquet"
            text = Path(scratch) / "rows.tsv"
            _write_rows(text, (people.seller(number) for number in numbers))
            _to_parquet(database, text, directory / "sellers" / name, _SELLERS)
            offers = (offer for number in numbers for offer in people.offers(number))
            _write_rows(text, offers)
            _to_parquet(database, text, directory / "offers" / name, _OFFERS)
            logger.info("snapshot.part_written", extra={"part": part, "sellers": len(numbers)})


def _write_rows(path: Path, rows: Iterable[tuple[str | None, ...]]) -> None:
    """Tabs between values, nothing for NULL: no value has a tab in it, and none is empty."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines("\t".join(["" if v is None else v for v in row]) + "\n" for row in rows)


def _to_parquet(
    database: duckdb.DuckDBPyConnection, text: Path, parquet: Path, columns: dict[str, str]
) -> None:
    rows = database.read_csv(
        str(text),
        columns=columns,
        header=False,
        sep="\t",
        na_values="",
        quotechar="",
        escapechar="",
    )
    rows.write_parquet(str(parquet), compression="snappy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulators.snapshot", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--sellers", type=int, required=True, help="sellers that have offers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changed", type=float, default=0.0, help="share with other figures")
    parser.add_argument("--changed-seed", type=int, default=1)
    given = parser.parse_args()
    people = People(
        sellers=given.sellers,
        seed=given.seed,
        changed_share=given.changed,
        changed_seed=given.changed_seed,
    )
    write(people, given.directory)


if __name__ == "__main__":
    main()
