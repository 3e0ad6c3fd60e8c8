"""What an organization's state is called: by the Directory, by us, and in our tables.

Three vocabularies that look alike and differ in CLOSED: the Directory's CLOSED is UNPUBLISHED to
us, while a CLOSED of our own, which nothing yields today, would be stored as published.
"""

from collections.abc import Mapping
from enum import StrEnum


class DirectoryStatus(StrEnum):
    """What the Directory says; others may come any day."""

    PUBLISH = "PUBLISH"
    MOVED = "MOVED"
    TEMPORARILY_CLOSED = "TEMPORARILY_CLOSED"
    CLOSED = "CLOSED"
    GEO_SPAM = "GEO_SPAM"
    DUPLICATE = "DUPLICATE"  # put there by us, where another organization is the head


class Status(StrEnum):
    """What we say of an organization."""

    PUBLISHED = "PUBLISHED"
    MOVED = "MOVED"
    TEMPORARILY_CLOSED = "TEMPORARILY_CLOSED"
    UNPUBLISHED = "UNPUBLISHED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class StatusPublish(StrEnum):
    """The column `organizations.status_publish`."""

    UNKNOWN = "unknown"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"


class Severity(StrEnum):
    """How a person sees it: green, yellow, red."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


OF_DIRECTORY: Mapping[str, Status] = {
    DirectoryStatus.PUBLISH: Status.PUBLISHED,
    DirectoryStatus.MOVED: Status.MOVED,
    DirectoryStatus.TEMPORARILY_CLOSED: Status.TEMPORARILY_CLOSED,
    DirectoryStatus.CLOSED: Status.UNPUBLISHED,
    DirectoryStatus.GEO_SPAM: Status.UNPUBLISHED,
    DirectoryStatus.DUPLICATE: Status.UNPUBLISHED,
}
STORED: Mapping[Status, StatusPublish] = {
    Status.PUBLISHED: StatusPublish.PUBLISHED,
    Status.MOVED: StatusPublish.PUBLISHED,
    Status.TEMPORARILY_CLOSED: StatusPublish.PUBLISHED,
    Status.UNPUBLISHED: StatusPublish.UNPUBLISHED,
    Status.CLOSED: StatusPublish.PUBLISHED,
    Status.UNKNOWN: StatusPublish.UNKNOWN,
}
SEVERITY: Mapping[Status, Severity] = {
    Status.PUBLISHED: Severity.OK,
    Status.MOVED: Severity.WARNING,
    Status.TEMPORARILY_CLOSED: Severity.WARNING,
    Status.UNPUBLISHED: Severity.ERROR,
    Status.CLOSED: Severity.ERROR,
    Status.UNKNOWN: Severity.ERROR,
}


def of_directory(said: str) -> Status:
    """Our word for the Directory's. Whatever it says that we do not know is UNPUBLISHED."""
    return OF_DIRECTORY.get(said, Status.UNPUBLISHED)


def is_known(said: str) -> bool:
    """False for a word of the Directory that nobody has told us of: worth counting."""
    return said in OF_DIRECTORY


def stored(status: Status) -> StatusPublish:
    """What is written into `organizations` when a client first uses the organization."""
    return STORED[status]


def severity(status: Status) -> Severity:
    """The colour of a preview."""
    return SEVERITY[status]
