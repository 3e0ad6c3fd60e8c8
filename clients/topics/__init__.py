"""Topics of messages, whoever keeps them: read in groups, each message until it is acknowledged.

All of them promise the same (tests/clients/topics/test_contract.py): messages of a partition come
in order, at least once; one that was not acknowledged comes again, to whoever of the group is
there; one that was does not.
"""

from clients.topics.messages import (
    Message,
    MissingExtraError,
    ReaderClosedError,
    TopicReader,
    TopicUnavailableError,
)
from clients.topics.opening import check_installed, open_reader
from clients.topics.redis_streams import ABANDONED_SECONDS

__all__ = [
    "ABANDONED_SECONDS",
    "Message",
    "MissingExtraError",
    "ReaderClosedError",
    "TopicReader",
    "TopicUnavailableError",
    "check_installed",
    "open_reader",
]
