"""What the journey showed, and whether anything was lost. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from amonition.demo.emulation import Audit

FLOWS = 3  # a transfer, a feed, a refresh


@dataclass(frozen=True, slots=True)
class Flow:
    """A manager's wish, and what the card said about it."""

    wish: str
    note: str


@dataclass(frozen=True, slots=True)
class Push:
    """One run as the service reports it, with what the emulated amoCRM has seen by its end."""

    rows: int
    created: int
    updated: int
    unchanged: int
    seconds: float
    audit: Audit


@dataclass(frozen=True, slots=True)
class Advertised:
    """Banners in all, those that were sent to moderation and BS when they got an organization, and
    when it was published no more; `seen`: what an advertiser was shown in the end."""

    banners: int
    linked: int
    sent_again: int
    seen: str


@dataclass(frozen=True, slots=True)
class Findings:
    """`sellers`: those that were to be exported; `before`: the audit before the first push, `between`
    that before the second; `flows`: what amoCRM's events have started."""

    sellers: int
    before: Audit
    first: Push
    flows: tuple[Flow, ...]
    between: Audit
    second: Push
    advertised: Advertised

    @property
    def requests(self) -> tuple[int, int]:
        """To amoCRM, during each push."""
        first = self.first.audit.requests - self.before.requests
        return first, self.second.audit.requests - self.between.requests


def losses(findings: Findings) -> Iterator[str]:
    """One sentence for everything that is not as promised."""
    first, second, audit = findings.first, findings.second, findings.second.audit
    advertised = findings.advertised
    if first.rows != findings.sellers:
        yield f"В снепшоте {first.rows} продавцов вместо {findings.sellers}"
    if audit.sellers != findings.sellers:
        yield f"В amoCRM {audit.sellers} продавцов вместо {findings.sellers}"
    if audit.companies != audit.sellers or audit.most_per_seller > 1:
        yield f"Компаний {audit.companies} на {audit.sellers} продавцов: есть дубликаты"
    if len(findings.flows) < FLOWS:
        yield f"Из {FLOWS} пожеланий менеджера исполнено {len(findings.flows)}"
    if second.created or second.updated:
        yield f"Вторая выгрузка создала {second.created} и обновила {second.updated}"
    if (audit.written, audit.writes) != (findings.between.written, findings.between.writes):
        yield "Вторая выгрузка что-то записала в amoCRM"
    if audit.rate_violations:
        yield f"Лимит amoCRM нарушен {audit.rate_violations} раз"
    if advertised.linked < advertised.banners:
        yield f"Из {advertised.banners} баннеров с организацией отправлено {advertised.linked}"
    if advertised.sent_again < advertised.banners:
        yield f"После снятия с публикации отправлено снова {advertised.sent_again} баннеров"
    if "UNPUBLISHED" not in advertised.seen:
        yield f"Организация снята с публикации, а {advertised.seen}"
