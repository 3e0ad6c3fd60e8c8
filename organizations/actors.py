"""Who changes a link."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` goes into the history. `uid`: the passport by which the Directory knows owners; who has
    none owns nothing.
    """

    name: str
    uid: int | None = None
