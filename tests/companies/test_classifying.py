"""Who has to be written: the source's digest spares the mapping, the fingerprint decides."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from companies import attempts, updating
from companies.classifying import NOT_KNOWN, Known, Standing, classify
from companies.exports import Export, Update
from companies.models import CompanyDuplicate, CreateAttempt, SellerSync
from companies.updating import Confirmation
from tests import factories
from tests.world import watermark

pytestmark = pytest.mark.django_db
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
SOURCE, OTHER = b"s" * 16, b"o" * 16


@pytest.fixture
def linked(db: None) -> Export:
    """A seller with a company, written from SOURCE."""
    watermark()
    export = factories.export(seller_id="s1", source=SOURCE)
    attempt = uuid.uuid4()
    attempts.claim(
        attempt=attempt,
        run_id=None,
        prints={"s1": (export.fingerprint, SOURCE)},
        as_of=AS_OF,
        lease=60,
    )
    attempts.mark_sent(attempt=attempt, marked=None)
    attempts.confirm(
        attempt=attempt,
        companies={"s1": 7},
        complete=True,
        how=CompanyDuplicate.How.LATE_ANSWER,
        closed_as=CreateAttempt.State.DONE,
    )
    return export


def _look(source: bytes | None, **more: datetime) -> Known | None:
    return classify(sellers=["s1"], sources=[source], as_of=AS_OF, **more).get(0)


def _standing(source: bytes | None, fingerprint: bytes, **more: datetime) -> Standing:
    found = _look(source, **more)
    return Standing.UNCHANGED if found is None else found.standing(fingerprint)


def test_same_source_is_not_even_mapped(linked: Export) -> None:
    assert _look(SOURCE) is None


def test_other_source_of_the_same_values_is_unchanged(linked: Export) -> None:
    assert _standing(OTHER, linked.fingerprint) is Standing.UNCHANGED


def test_other_values_are_changed(linked: Export) -> None:
    assert _standing(OTHER, b"f" * 16) is Standing.CHANGED


def test_lost_fingerprint_is_sent_again_whatever_the_source(linked: Export) -> None:
    SellerSync.objects.update(fingerprint=None)
    assert _standing(SOURCE, linked.fingerprint) is Standing.CHANGED


def test_source_without_a_digest_is_mapped(linked: Export) -> None:
    SellerSync.objects.update(source=None)
    assert _standing(None, linked.fingerprint) is Standing.UNCHANGED  # NULL beside NULL
    assert _look(SOURCE) is not None


def test_full_run_sends_everybody_once(linked: Export) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert _standing(SOURCE, linked.fingerprint, afresh=soon) is Standing.CHANGED


def test_older_data_than_confirmed_are_stale(linked: Export) -> None:
    SellerSync.objects.update(as_of=AS_OF + timedelta(hours=1))
    assert _standing(OTHER, b"f" * 16) is Standing.STALE


def test_seller_with_a_nul_in_the_id_is_nobody_we_know(linked: Export) -> None:
    assert classify(sellers=["s1\x00"], sources=[SOURCE], as_of=AS_OF) == {0: NOT_KNOWN}


def test_ids_arrive_as_they_are_whatever_is_in_them(linked: Export) -> None:
    odd = ["NULL", 's"1', "{s1,s2}", "s\\1", " s1 ", "", "продавец\n"]
    sellers, sources = [*odd, "s1"], [None, *[SOURCE] * len(odd)]
    unknown = classify(sellers=sellers, sources=sources, as_of=AS_OF)
    assert unknown == dict.fromkeys(range(len(odd)), NOT_KNOWN)
    prints = dict.fromkeys(odd, (b"f" * 16, None))
    claimed = attempts.claim(
        attempt=uuid.uuid4(), run_id=None, prints=prints, as_of=AS_OF, lease=60
    )
    assert claimed == frozenset(odd)
    assert set(SellerSync.objects.values_list("seller_id", flat=True)) == {*odd, "s1"}


def test_source_found_to_mean_the_same_is_remembered(linked: Export) -> None:
    before = SellerSync.objects.get()
    _confirm(linked, known=linked.fingerprint)
    after = SellerSync.objects.get()
    assert _look(OTHER) is None
    assert after.confirmed_at == before.confirmed_at


def test_source_is_not_remembered_where_something_else_was_confirmed(linked: Export) -> None:
    SellerSync.objects.update(fingerprint=b"x" * 16)
    _confirm(linked, known=linked.fingerprint)
    assert _look(OTHER) is not None


def test_confirmation_said_twice_is_remembered(linked: Export) -> None:
    """The second time the fingerprint is not the one known before: the answer was lost."""
    SellerSync.objects.update(fingerprint=b"x" * 16)
    for _ in range(2):
        _confirm(linked, known=b"x" * 16)
    assert _look(OTHER) is None


def _confirm(export: Export, *, known: bytes) -> None:
    seen = factories.export(seller_id=export.seller_id, source=OTHER)
    update = Update(seen, 7, known)
    updating.confirm(confirmations=[Confirmation(update, None, AS_OF, written=False)])
