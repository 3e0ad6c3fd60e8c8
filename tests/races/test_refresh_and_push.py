"""A refresh on demand against the push, for one seller: what is newer is there in the end."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from companies import refreshing, updating
from companies.classifying import Known, Standing, classify
from companies.exports import Export, Update
from companies.models import Company, SellerSync
from companies.refreshing import Written
from companies.updating import CERTAIN, CONFIRM, Confirmation
from tests.crossing import behind
from tests.races import variants, writers
from tests.races.variants import AS_OF, without
from tests.world import World

WHATEVER_WAS_KNOWN = without(
    without(
        CONFIRM, f"CASE WHEN {CERTAIN} THEN given.fingerprint END", instead="given.fingerprint"
    ),
    f"CASE WHEN {CERTAIN} THEN given.source END",
    instead="given.source",
)
Confirm = Callable[[Sequence[Confirmation]], None]


def _confirm(confirmations: Sequence[Confirmation]) -> None:
    updating.confirm(confirmations=confirmations)


def _confirm_whatever_was_known(confirmations: Sequence[Confirmation]) -> None:
    variants.confirm_updates(WHATEVER_WAS_KNOWN, confirmations)


@pytest.fixture
def company(world: World) -> int:
    """The company of seller s1."""
    world.prepare_fields()
    writers.create(writers.export_of("s1", as_of=AS_OF - timedelta(hours=1)))
    return int(Company.objects.get().company_id)


def _old() -> Export:
    """Of the run's snapshot."""
    return writers.export_of("s1", name="Старое имя", as_of=AS_OF)


def _new() -> Export:
    """Asked for a minute later."""
    return writers.export_of("s1", name="Новое имя", as_of=AS_OF + timedelta(minutes=1))


def _known(export: Export) -> Known:
    """What a push finds; its source is never the one that a refresh has left, which has none."""
    return classify(sellers=["s1"], sources=[b"source"], as_of=export.profile.as_of)[0]


def _sent(export: Export, company: int, known: bytes | None) -> list[Confirmation]:
    """The values are in amoCRM now, and not confirmed yet."""
    with closing(writers.client()) as crm:
        context = writers.context(crm, as_of=export.profile.as_of)
        _, confirmations = updating.update(
            context=context, updates=[Update(export, company, known)]
        )
    return confirmations


def _fingerprint() -> bytes | None:
    fingerprint = SellerSync.objects.get().fingerprint
    return None if fingerprint is None else bytes(fingerprint)


# Both read the same fingerprint; the refresh writes first and confirms last


def _push_between(company: int, refresh: Callable[[], object], confirm: Confirm) -> list[object]:
    """The push writes and confirms between the refresh's write and its confirmation."""
    old, known = _old(), _fingerprint()
    return behind(
        lambda: SellerSync.objects.select_for_update().get(),
        [refresh],
        meanwhile=lambda: confirm(_sent(old, company, known)),
    )


def _push(company: int, export: Export, known: Known) -> Standing:
    standing = known.standing(export.fingerprint)
    if standing is Standing.CHANGED:
        _confirm(_sent(export, company, known.fingerprint))
    return standing


def _next_push(company: int) -> Standing:
    """An hour later, with the same new data."""
    return _push(company, _new(), _known(_new()))


def test_older_value_that_came_last_is_put_right_by_the_next_push(
    world: World, company: int
) -> None:
    def refresh() -> Written:
        with closing(writers.client()) as crm:
            return refreshing.refresh(client=crm, profile=_new().profile, company_id=company)

    assert _push_between(company, refresh, _confirm) == [Written.DONE]
    assert world.company("s1")["name"] == "Старое имя"
    assert _fingerprint() is None
    assert _next_push(company) is Standing.CHANGED
    assert world.company("s1")["name"] == "Новое имя"
    assert _fingerprint() == _new().fingerprint


def test_without_the_condition_the_older_value_stays_for_ever(world: World, company: int) -> None:
    """The twin: amoCRM holds the old value under the new one's fingerprint."""
    new, known = _new(), _fingerprint()

    def refresh() -> None:
        _confirm_whatever_was_known(_sent(new, company, known))

    _push_between(company, refresh, _confirm_whatever_was_known)
    assert _fingerprint() == new.fingerprint
    assert _next_push(company) is Standing.UNCHANGED
    assert world.company("s1")["name"] == "Старое имя"


# The refresh is done before the push classifies


def test_push_of_older_data_sends_nothing_after_a_refresh(world: World, company: int) -> None:
    _confirm(_sent(_new(), company, _fingerprint()))
    assert _push(company, _old(), _known(_old())) is Standing.STALE
    assert world.company("s1")["name"] == "Новое имя"


def test_without_the_age_of_the_data_the_older_value_overwrites_the_newer(
    world: World, company: int
) -> None:
    """The twin."""
    _confirm(_sent(_new(), company, _fingerprint()))
    known = replace(_known(_old()), is_newer=False)
    assert _push(company, _old(), known) is Standing.CHANGED
    assert world.company("s1")["name"] == "Старое имя"
