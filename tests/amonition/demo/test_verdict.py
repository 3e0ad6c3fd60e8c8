from dataclasses import replace

import pytest

from amonition.demo.emulation import Audit
from amonition.demo.verdict import Advertised, Findings, Flow, Push, losses

BEFORE = Audit(
    companies=0,
    sellers=0,
    most_per_seller=0,
    written=0,
    writes=0,
    requests=0,
    rate_violations=0,
)
AUDIT = replace(
    BEFORE, companies=30, sellers=30, most_per_seller=1, written=30, writes=1, requests=5
)
FIRST = Push(rows=30, created=30, updated=0, unchanged=0, seconds=1.0, audit=AUDIT)
SECOND = replace(FIRST, created=0, unchanged=30, audit=replace(AUDIT, requests=6))
FLOWS = (Flow("a", "b"), Flow("c", "d"), Flow("e", "f"))
ADVERTISED = Advertised(banners=2, linked=2, sent_again=2, seen="UNPUBLISHED (error)")
GOOD = Findings(
    sellers=30,
    before=BEFORE,
    first=FIRST,
    flows=FLOWS,
    between=AUDIT,
    second=SECOND,
    advertised=ADVERTISED,
)


def test_nothing_is_lost_when_everything_arrived_once() -> None:
    assert not list(losses(GOOD))
    assert GOOD.requests == (5, 1)


@pytest.mark.parametrize(
    ("findings", "says"),
    [
        (replace(GOOD, first=replace(FIRST, rows=29)), "29 продавцов вместо 30"),
        (replace(GOOD, second=replace(SECOND, created=1)), "создала 1"),
        (replace(GOOD, second=replace(SECOND, updated=2)), "обновила 2"),
        (replace(GOOD, flows=FLOWS[:2]), "исполнено 2"),
    ],
)
def test_run_that_reports_something_else_is_a_loss(findings: Findings, says: str) -> None:
    (loss,) = losses(findings)
    assert says in loss


@pytest.mark.parametrize(
    ("audit", "says"),
    [
        (replace(AUDIT, companies=29, sellers=29), "29 продавцов вместо 30"),
        (replace(AUDIT, companies=31), "дубликаты"),
        (replace(AUDIT, most_per_seller=2), "дубликаты"),
        (replace(AUDIT, writes=2), "что-то записала"),
        (replace(AUDIT, written=31), "что-то записала"),
        (replace(AUDIT, rate_violations=4), "нарушен 4 раз"),
    ],
)
def test_audit_that_saw_something_else_is_a_loss(audit: Audit, says: str) -> None:
    (loss,) = losses(replace(GOOD, second=replace(SECOND, audit=audit)))
    assert says in loss


@pytest.mark.parametrize(
    ("advertised", "says"),
    [
        (replace(ADVERTISED, linked=1), "Из 2 баннеров с организацией отправлено 1"),
        (replace(ADVERTISED, sent_again=1), "отправлено снова 1"),
        (replace(ADVERTISED, seen="PUBLISHED (ok)"), "а PUBLISHED (ok)"),
    ],
)
def test_banner_that_does_not_follow_its_organization_is_a_loss(
    advertised: Advertised, says: str
) -> None:
    (loss,) = losses(replace(GOOD, advertised=advertised))
    assert says in loss
