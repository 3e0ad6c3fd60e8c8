"""Fingerprints of what amoCRM holds: equal fingerprints mean that nothing has to be sent."""

import hashlib
from collections.abc import Sequence

import orjson

from companies.fields import TABLE_VERSION

DIGEST_BYTES = 16  # 128 bits: no two of a billion values will meet


def fingerprint(name: str, values: Sequence[object], *, generation: int) -> bytes:
    """Of the mapped, normalised values (`fields.plain`).

    Changes with the table's version and the catalogue's generation.
    """
    digest = hashlib.blake2b(orjson.dumps([name, values]), digest_size=DIGEST_BYTES)
    digest.update(b"%d.%d" % (TABLE_VERSION, generation))
    return digest.digest()
