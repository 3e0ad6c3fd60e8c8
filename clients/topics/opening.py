"""Which reader a URL means."""

from typing import Any
from urllib.parse import urlsplit

from clients.topics.messages import MissingExtraError, TopicReader, TopicUnavailableError
from clients.topics.redis_streams import ABANDONED_SECONDS, RedisStreamReader
from clients.topics.ydb_topics import ANSWER_SECONDS, YdbTopicReader


def check_installed(url: str) -> None:
    """Raises MissingExtraError where the URL's broker needs a package that is not there."""
    if _is_ydb(url):
        _sdk()


def open_reader(
    url: str, *, topic: str, group: str, abandoned_after: float = ABANDONED_SECONDS
) -> TopicReader:
    """A reader of the group, at the broker that the URL names.

    `abandoned_after`: seconds until messages of a reader that died are given to another one, where
    the broker does not notice by itself. Raises MissingExtraError, TopicUnavailableError.
    """
    if _is_ydb(url):
        return _open_ydb(url, topic=topic, group=group)
    return RedisStreamReader(url, topic=topic, group=group, abandoned_after=abandoned_after)


def _is_ydb(url: str) -> bool:
    return urlsplit(url).scheme in {"grpc", "grpcs"}


def _open_ydb(url: str, *, topic: str, group: str) -> TopicReader:
    """Credentials come from the environment, as the SDK reads them."""
    sdk = _sdk()
    driver = sdk.Driver(connection_string=url, credentials=sdk.credentials_from_env_variables())
    try:
        driver.wait(timeout=ANSWER_SECONDS, fail_fast=True)
        reader = driver.topic_client.reader(topic, consumer=group)
    except (sdk.Error, TimeoutError) as error:
        driver.stop()
        raise TopicUnavailableError(repr(error)) from error
    return YdbTopicReader(reader, topic=topic, error=sdk.Error)


def _sdk() -> Any:
    try:
        import ydb  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(
            "a topic of YDB needs a package that is not installed:"
            " pip install --require-hashes -r requirements-ydb.txt"
        ) from error
    return ydb
