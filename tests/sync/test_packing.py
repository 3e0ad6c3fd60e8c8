"""Packing sellers into writes."""

from hypothesis import given
from hypothesis import strategies as st

from sync.packing import SMALLEST, Packer, WriteSize
from tests.factories import export


@given(counts=st.lists(st.integers(0, 300), max_size=5), most=st.integers(1, 250))
def test_everybody_is_sent_once_and_no_write_is_too_large(counts: list[int], most: int) -> None:
    packer = Packer(WriteSize(most))
    sent = []
    total = 0
    for portion, count in enumerate(counts):
        for _ in range(count):
            packer.add_new(portion, export(seller_id=str(total)))
            total += 1
        full = list(packer.full())
        assert {len(write.new) for write in full} <= {most}
        sent += full
    sent += packer.rest()
    assert [one.seller_id for write in sent for _, one in write.new] == [
        str(number) for number in range(total)
    ]
    assert len(sent) == -(-total // most)


def test_write_size_halves_under_overload_and_grows_back_slowly() -> None:
    size = WriteSize(250)
    size.overloaded()
    assert size.now == 125
    for _ in range(10):
        size.overloaded()
    assert size.now == SMALLEST
    for _ in range(20):
        size.went_well()
    assert size.now == SMALLEST + 10


def test_write_size_never_exceeds_what_is_configured() -> None:
    size = WriteSize(10)
    size.overloaded()
    assert size.now == 10
