"""Which reader a URL means."""

from typing import Any
from urllib.parse import urlsplit

from clients.topics.messages import MissingExtraError, TopicReader, TopicUnavailableError
from clients.topics.redis_streams import RedisStreamReader
from clients.topics.ydb_topics import ANSWER_SECONDS, YdbTopicReader

SCHEMES = ("redis", "rediss", "unix", "grpc", "grpcs")


def open_reader(url: str, *, topic: str, group: str) -> TopicReader:
    """A reader of the group, at the broker that the URL names.

    Raises MissingExtraError, TopicUnavailableError.
    """
    if urlsplit(url).scheme in {"grpc", "grpcs"}:
        return _open_ydb(url, topic=topic, group=group)
    return RedisStreamReader(url, topic=topic, group=group)


def _open_ydb(url: str, *, topic: str, group: str) -> TopicReader:
    """Credentials come from the environment, as the SDK reads them."""
    try:
        import ydb  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(
            f"{url} is a topic of YDB, and its package is not installed:"
            " pip install --require-hashes -r requirements-ydb.txt"
        ) from error
    sdk: Any = ydb
    driver = sdk.Driver(connection_string=url, credentials=sdk.credentials_from_env_variables())
    try:
        driver.wait(timeout=ANSWER_SECONDS, fail_fast=True)
        reader = driver.topic_client.reader(topic, consumer=group)
    except (sdk.Error, TimeoutError) as error:
        driver.stop(timeout=ANSWER_SECONDS)
        raise TopicUnavailableError(repr(error)) from error
    return YdbTopicReader(reader, topic=topic, error=sdk.Error)
