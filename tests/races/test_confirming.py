"""What amoCRM has answered is written down, while others claim some of the same sellers."""

import uuid

import pytest

from companies import attempts
from companies.models import Company, CompanyDuplicate, CreateAttempt, SellerSync
from tests.crossing import behind
from tests.races import variants
from tests.world import watermark

pytestmark = pytest.mark.django_db(transaction=True)

SELLERS = ["first", "middle", "third"]


def _confirm(attempt: uuid.UUID) -> attempts.Confirmed:
    """The answer names them in an order of its own."""
    return attempts.confirm(
        attempt=attempt,
        companies={"third": 3, "middle": 2, "first": 1},
        complete=True,
        how=CompanyDuplicate.How.LATE_ANSWER,
        closed_as=CreateAttempt.State.DONE,
    )


def test_answer_is_written_down_beside_a_claim_of_the_same_sellers() -> None:
    watermark()
    attempt = uuid.uuid4()
    variants.claim(attempts.CLAIM, SELLERS, attempt=attempt)
    variants.mark_sent(attempts.MARK_SENT, attempt=attempt)
    result = behind(
        lambda: SellerSync.objects.select_for_update().get(pk="middle"),
        [lambda: _confirm(attempt), lambda: variants.claim(attempts.CLAIM, SELLERS)],
    )
    assert result == [attempts.Confirmed(born=3, duplicates=0), frozenset()]
    assert Company.objects.count() == 3
