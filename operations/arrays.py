"""Long arrays of texts and of bytes, in PostgreSQL's binary format.

psycopg looks through a plain list for its type and its dimensions, then asks a dumper for each
value: three times as long, and the values of every seller of a push pass here.
"""

from struct import Struct
from typing import ClassVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

HEAD = Struct(
    "!iIIii"
)  # dimensions, whether there are NULLs, the values' type; length, lower bound
LENGTH = Struct("!i")
NULL = LENGTH.pack(-1)
TYPES = psycopg.adapters.types


class Texts(list[str | None]):
    """text[]. Write `%(name)b::text[]`."""


class Blobs(list[bytes | None]):
    """bytea[]. Write `%(name)b::bytea[]`."""


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = TYPES["bytea"].array_oid
    of: ClassVar[int] = TYPES["bytea"].oid

    def dump(self, obj: Blobs) -> bytes:
        return _array(obj, self.of)


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = TYPES["text"].array_oid
    of: ClassVar[int] = TYPES["text"].oid

    def dump(self, obj: Texts) -> bytes:
        return _array([None if text is None else text.encode() for text in obj], self.of)


def _array(values: list[bytes | None], of: int) -> bytes:
    has_null = False
    parts = [b""]  # the head's place
    for value in values:
        if value is None:
            has_null = True
            parts.append(NULL)
        else:
            parts += LENGTH.pack(len(value)), value
    dimensions = 1 if values else 0
    parts[0] = HEAD.pack(dimensions, has_null, of, len(values), 1)[: 20 if values else 12]
    return b"".join(parts)


# For every connection that is made from now on; Django copies psycopg's adapters at the first one.
# A connection that knows no dumper for them takes them for the lists that they are.
psycopg.adapters.register_dumper(Texts, _TextsDumper)
psycopg.adapters.register_dumper(Blobs, _BlobsDumper)
