import os
from pathlib import Path

import pytest

from amonition.embedded import EmbeddedServerError
from amonition.embedded.places import claim_directory, installed_package


@pytest.fixture
def foreign_directory(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        return Path("/")
    os.chown(tmp_path, 12345, -1)
    return tmp_path


def test_directory_of_another_user_is_refused_with_advice(foreign_directory: Path) -> None:
    mode = foreign_directory.stat().st_mode
    with pytest.raises(EmbeddedServerError, match="run as the user who made it"):
        claim_directory(foreign_directory, owner=os.geteuid())
    assert foreign_directory.stat().st_mode == mode


def test_link_is_refused_since_it_may_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(EmbeddedServerError, match="is a link"):
        claim_directory(tmp_path / "link", owner=os.geteuid())


def test_missing_package_is_named() -> None:
    with pytest.raises(EmbeddedServerError, match="embedded_nothing is not installed"):
        installed_package("embedded_nothing")
