"""What can be asked about an organisation, and what has to be asked along with it."""

from collections.abc import Iterable
from enum import StrEnum


class Field(StrEnum):
    """A value of `expand`."""

    HEAD_PERMALINK = "HEAD_PERMALINK"
    DUPLICATES = "DUPLICATES"
    PUBLISHING_STATUS = "PUBLISHING_STATUS"
    NAMES = "NAMES"
    ADDRESS = "ADDRESS"
    PHONES = "PHONES"
    URLS = "URLS"
    EMAILS = "EMAILS"
    RUBRICS = "RUBRICS"
    RUBRIC_DEFS = "RUBRIC_DEFS"
    CHAIN = "CHAIN"
    IS_ONLINE = "IS_ONLINE"
    WORK_INTERVALS = "WORK_INTERVALS"
    LK_LINK = "LK_LINK"
    BUSINESS_PROFILE_LINK = "BUSINESS_PROFILE_LINK"
    METRIKA_DATA = "METRIKA_DATA"

    @property
    def key(self) -> str:
        """Its name in an organisation of the answer."""
        return self.value.lower()


# What the interface and banner previews show. Counters are asked for by those who need them:
# a missing one would be created.
PREVIEW = frozenset(Field) - {
    Field.DUPLICATES,
    Field.EMAILS,
    Field.CHAIN,
    Field.BUSINESS_PROFILE_LINK,
    Field.METRIKA_DATA,
}
# What a link to a banner or campaign is judged by and keeps.
LINKING = frozenset({Field.PUBLISHING_STATUS, Field.CHAIN, Field.NAMES, Field.PHONES})


def completed(fields: Iterable[Field], *, restoring: bool) -> frozenset[Field]:
    """`fields` with what recognising duplicates takes, and `restoring` them."""
    wanted = frozenset(fields)
    if restoring:
        wanted |= {Field.DUPLICATES}
    if restoring or Field.PUBLISHING_STATUS in wanted:
        wanted |= {Field.HEAD_PERMALINK}
    return wanted
