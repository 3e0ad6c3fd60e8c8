"""Fingerprints: equal ones mean that nothing has to be sent.

Two of a seller are kept. `fingerprint` is of what amoCRM holds and decides. `source_digest` is of
what it was made of, before any mapping: where that is as it was, nobody has to map it to know.
"""

import hashlib
from collections.abc import Sequence

import orjson

from companies.fields import TABLE_VERSION, FieldPlan, Plain

DIGEST_BYTES = 16  # 128 bits: no two of a billion values will meet


def fingerprint(name: str, plain: Plain, *, generation: int) -> bytes:
    """Of the mapped, normalised values (`fields.plain`).

    Changes with the table's version and the catalogue's generation.
    """
    of_rows, counts = plain
    digest = hashlib.blake2b(orjson.dumps([name, [*of_rows, counts]]), digest_size=DIGEST_BYTES)
    digest.update(b"%d.%d" % (TABLE_VERSION, generation))
    return digest.digest()


def plan_key(plan: FieldPlan) -> bytes:
    """Of everything that decides how a source is mapped: the key of its `source_digest`."""
    decides = [
        TABLE_VERSION, plan.generation, plan.zone.key, list(plan.statuses.items()), plan.has_other
    ]  # fmt: skip
    return hashlib.blake2b(orjson.dumps(decides), digest_size=DIGEST_BYTES).digest()


def source_digest(record: bytes, feed: Sequence[str | None], *, key: bytes) -> bytes:
    """Of a warehouse's record and what the feeds service says of the seller. `key`: `plan_key`."""
    digest = hashlib.blake2b(record, digest_size=DIGEST_BYTES, key=key)
    if feed:
        digest.update(orjson.dumps(feed))
    return digest.digest()
