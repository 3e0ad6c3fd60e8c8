from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from amonition.databases import celery_broker, postgresql, shards


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost:6379/3", "redis://localhost:6379/3"),
        ("rediss://:word@redis.example:6380/0", "rediss://:word@redis.example:6380/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
        ("unix:///run/my redis.sock?db=2", "redis+socket:///run/my redis.sock?virtual_host=2"),
    ],
)
def test_celery_is_told_the_redis_url_in_its_own_spelling(url: str, expected: str) -> None:
    assert celery_broker(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://me:word@db.example:5433/ours",
            {
                "NAME": "ours",
                "USER": "me",
                "PASSWORD": "word",
                "HOST": "db.example",
                "PORT": "5433",
            },
        ),
        ("postgresql://me@/ours?host=%2Frun%2Fpg", {"HOST": "/run/pg", "PASSWORD": "", "PORT": ""}),
        ("postgresql:///ours", {"NAME": "ours", "HOST": "", "USER": ""}),
    ],
)
def test_django_is_told_the_parts_of_the_database_url(url: str, expected: dict[str, Any]) -> None:
    entry = postgresql("DATABASE_URL", url)
    assert entry | expected == entry


def test_parameters_of_libpq_are_kept_beside_our_limits() -> None:
    options = postgresql("DATABASE_URL", "postgresql:///ours?sslmode=require")["OPTIONS"]
    assert options["sslmode"] == "require"
    assert "statement_timeout" in options["options"]


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/ours", "postgresql://localhost"])
def test_an_unusable_url_names_its_variable(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SHARD_URL: "):
        postgresql("SHARD_URL", url)


def test_shards_lie_beside_the_database_where_nobody_names_them() -> None:
    default = postgresql("DATABASE_URL", "postgresql://me@db.example/ours")
    found = shards("SHARDS", [], default=default)
    assert {number: entry["NAME"] for number, entry in found.items()} == {
        1: "ours_shard1",
        2: "ours_shard2",
    }
    assert {entry["HOST"] for entry in found.values()} == {"db.example"}


def test_shards_are_numbered_as_they_are_listed() -> None:
    default = postgresql("DATABASE_URL", "postgresql:///ours")
    urls = [f"postgresql://host{number}/ads" for number in (7, 5, 6)]
    found = shards("SHARDS", urls, default=default)
    assert {number: entry["HOST"] for number, entry in found.items()} == {
        1: "host7",
        2: "host5",
        3: "host6",
    }


@pytest.mark.parametrize(
    "urls", [["postgresql:///a", "postgresql:///a"], ["postgresql:///ours"], ["nonsense"]]
)
def test_shards_that_cannot_be_are_refused(urls: list[str]) -> None:
    default = postgresql("DATABASE_URL", "postgresql:///ours")
    with pytest.raises(ImproperlyConfigured, match=r"^SHARDS: "):
        shards("SHARDS", urls, default=default)
