"""What needs no Directory: cabinet links, duplicates, fields, portions."""

import pytest

from clients.directory.cabinet import with_source
from clients.directory.duplicates import DUPLICATE, recognised, restored
from clients.directory.fields import LINKING, PREVIEW, Field, completed
from clients.directory.portions import portions
from clients.directory.records import Name, Organization

ORIGINAL = Organization(
    permalink=1,
    head_permalink=1,
    duplicates=(2, 3),
    publishing_status="PUBLISH",
    names=(Name("ru", "Кафе", "main"),),
    counter_id=7,
)


@pytest.mark.requirement("R100")
@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (None, None),
        ("https://a.example/lk", "https://a.example/lk?source=direct"),
        ("https://a.example/lk?id=1&x=%20", "https://a.example/lk?id=1&x=%20&source=direct"),
        ("https://a.example/lk?source=maps&id=1", "https://a.example/lk?id=1&source=direct"),
        ("https://a.example/lk?source=direct", "https://a.example/lk?source=direct"),
        ("https://a.example/lk#top", "https://a.example/lk?source=direct#top"),
        ("https://a.example/lk?id=1#top", "https://a.example/lk?id=1&source=direct#top"),
        ("https://a.example/lk?sources=1", "https://a.example/lk?sources=1&source=direct"),
    ],
)
def test_cabinet_link_says_where_its_reader_comes_from(
    link: str | None, expected: str | None
) -> None:
    assert with_source(link) == expected


@pytest.mark.requirement("R95")
@pytest.mark.parametrize(
    ("head", "status"), [(1, "PUBLISH"), (None, "PUBLISH"), (0, "PUBLISH"), (9, DUPLICATE)]
)
def test_who_has_another_head_is_a_duplicate(head: int | None, status: str) -> None:
    told = Organization(permalink=1, head_permalink=head, publishing_status="PUBLISH")
    assert recognised(told).publishing_status == status


@pytest.mark.requirement("R95")
def test_no_status_is_made_up_where_none_was_asked_for() -> None:
    assert recognised(Organization(permalink=1, head_permalink=9)).publishing_status is None


@pytest.mark.requirement("R96")
def test_missing_duplicate_is_its_original_under_its_own_id() -> None:
    [copy] = restored([1, 2], {1: ORIGINAL}).values()
    assert (copy.permalink, copy.publishing_status) == (2, DUPLICATE)
    assert (copy.names, copy.counter_id, copy.head_permalink) == (ORIGINAL.names, 7, 1)


@pytest.mark.requirement("R96")
def test_what_came_back_is_not_restored() -> None:
    itself = Organization(permalink=2, publishing_status="PUBLISH")
    assert restored([1, 2], {1: ORIGINAL, 2: itself}) == {}


@pytest.mark.requirement("R97")
def test_nothing_is_restored_without_its_original() -> None:
    assert restored([2, 4], {4: Organization(permalink=4)}) == {}


@pytest.mark.requirement("R95")
def test_head_is_asked_for_with_the_status() -> None:
    assert completed({Field.PUBLISHING_STATUS}, restoring=False) == {
        Field.PUBLISHING_STATUS,
        Field.HEAD_PERMALINK,
    }
    assert completed({Field.NAMES}, restoring=False) == {Field.NAMES}


@pytest.mark.requirement("R96")
def test_duplicates_are_asked_for_to_restore_them() -> None:
    assert Field.DUPLICATES in completed({Field.NAMES}, restoring=True)


@pytest.mark.requirement("C11")
def test_dear_fields_are_not_asked_for_by_default() -> None:
    dear = {Field.EMAILS, Field.BUSINESS_PROFILE_LINK, Field.METRIKA_DATA}
    assert not dear & (PREVIEW | LINKING)
    assert Field.CHAIN in LINKING


@pytest.mark.requirement("R90")
@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_long_lists_are_split(count: int, sizes: list[int]) -> None:
    split = list(portions([*range(count), *range(count)]))
    assert [len(each) for each in split] == sizes
    assert [permalink for each in split for permalink in each] == list(range(count))
