"""Rules about the files themselves."""

from pathlib import Path

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = (
    "amonition",
    "sync",
    "webhooks",
    "organizations",
    "companies",
    "ads",
    "crm",
    "operations",
    "warehouse",
    "clients",
)
MOST_LINES = 400


def test_no_product_file_is_longer_than_anybody_reads() -> None:
    files = [path for name in PRODUCT for path in (ROOT / name).rglob("*.py")]
    lengths = {str(path): len(path.read_text().splitlines()) for path in files}
    assert not {path: length for path, length in lengths.items() if length > MOST_LINES}
    assert sorted(lengths.values())[len(lengths) // 2] < 80


@pytest.mark.parametrize(
    "name", ["directory", "feeds", "offers", "organizations", "sellers", "snatcher"]
)
def test_a_contract_is_valid_openapi(name: str) -> None:
    spec, url = read_from_filename(str(ROOT / f"docs/contracts/{name}.openapi.yaml"))
    validate(spec, base_uri=url)
