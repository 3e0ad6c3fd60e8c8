"""The two tables of statuses, as the requirements have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations import statuses
from organizations.statuses import Severity, Status, StatusPublish

KNOWN = ["PUBLISH", "MOVED", "TEMPORARILY_CLOSED", "CLOSED", "GEO_SPAM", "DUPLICATE"]


def case(requirement: str, said: str, expected: str) -> object:
    return pytest.param(said, expected, marks=pytest.mark.requirement(requirement))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        case("R62", "PUBLISH", "PUBLISHED"),
        case("R63", "MOVED", "MOVED"),
        case("R64", "TEMPORARILY_CLOSED", "TEMPORARILY_CLOSED"),
        case("R65", "CLOSED", "UNPUBLISHED"),
        case("R65", "GEO_SPAM", "UNPUBLISHED"),
        case("R66", "DUPLICATE", "UNPUBLISHED"),
        case("R67", "PUBLISHED", "UNPUBLISHED"),
        case("R67", "publish", "UNPUBLISHED"),
        case("R67", "UNKNOWN", "UNPUBLISHED"),
        case("R67", "", "UNPUBLISHED"),
    ],
)
def test_what_the_directory_says_is_called(said: str, expected: str) -> None:
    assert statuses.of_directory(said) == expected


@pytest.mark.requirement("R67")
@given(st.text() | st.sampled_from(KNOWN))
def test_closed_and_unknown_cannot_come(said: str) -> None:
    assert statuses.of_directory(said) not in {Status.CLOSED, Status.UNKNOWN}
    assert statuses.is_known(said) == (said in KNOWN)


@pytest.mark.requirement("R68")
@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PUBLISHED", "published"),
        ("MOVED", "published"),
        ("TEMPORARILY_CLOSED", "published"),
        ("UNPUBLISHED", "unpublished"),
        ("CLOSED", "published"),
        ("UNKNOWN", "unknown"),
    ],
)
def test_a_status_is_stored_as(status: str, expected: str) -> None:
    assert statuses.stored(Status(status)) is StatusPublish(expected)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("PUBLISHED", "ok"),
        ("MOVED", "warning"),
        ("TEMPORARILY_CLOSED", "warning"),
        ("UNPUBLISHED", "error"),
    ],
)
def test_a_status_has_a_colour(status: str, expected: str) -> None:
    assert statuses.severity(Status(status)) is Severity(expected)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_place_in_both_tables(status: Status) -> None:
    assert statuses.stored(status) in StatusPublish
    assert statuses.severity(status) in Severity
