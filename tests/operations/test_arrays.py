"""Arrays in PostgreSQL's binary format arrive as they were sent."""

import pytest
from django.db import connection
from psycopg.adapt import PyFormat, Transformer

from operations import statements
from operations.arrays import Blobs, Texts

pytestmark = pytest.mark.django_db
ECHO = "SELECT %(texts)b::text[], %(blobs)b::bytea[]"


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        [None],
        ["a", None, "Ёлка \N{GRINNING FACE}", '{"q\\",NULL}', "NULL"],
        [str(number) * 40 for number in range(2_000)],
    ],
    ids=["none", "empty", "null", "odd", "many"],
)
def test_arrays_arrive_as_they_were_sent(texts: list[str | None]) -> None:
    blobs = [None if text is None else b"\x00\xff" + text.encode() for text in texts]
    arguments = {"texts": Texts(texts), "blobs": Blobs(blobs)}
    ((texts_found, blobs_found),) = statements.fetch_bound(ECHO, arguments)
    assert texts_found == texts
    assert [None if blob is None else bytes(blob) for blob in blobs_found] == blobs


@pytest.mark.parametrize("kind", [Texts, Blobs])
def test_no_value_is_looked_at_for_its_type(kind: type[Texts | Blobs]) -> None:
    connection.ensure_connection()
    dumper = Transformer(connection.connection).get_dumper(kind(), PyFormat.BINARY)
    assert type(dumper).__module__ == "operations.arrays"
