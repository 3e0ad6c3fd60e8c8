"""Our subscriptions to amoCRM's events: how they should be, how they are, and putting them right.

Which addresses there are, and for what, is said by whoever asks. An address of ours ends in a
secret: people are told titles instead, and what amoCRM says about one goes through `masked`.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from clients.amocrm.client import AmoCrm
from clients.amocrm.webhooks import Webhook
from clients.pacing import Lane

logger = logging.getLogger(__name__)


class Flaw(StrEnum):
    """What can be wrong with a subscription, in words for operators."""

    MISSING = "нет подписки"
    DISABLED = "отключена amoCRM"
    LACKING = "приходят не все события"
    SUPERFLUOUS = "приходят лишние события"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What should be sent where. `name`: for programs, `title`: for people.

    `formerly`: addresses that still bring the same to us, as long as they are subscribed.
    """

    name: str
    title: str
    url: str = field(repr=False)
    events: frozenset[str]
    formerly: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that there should be. `prefix`: an address that begins with it is ours.

    `endings`: of paths that nobody else has, with our secrets in them; so an address of ours is
    known that was subscribed when we stood elsewhere.
    """

    prefix: str
    subscriptions: tuple[Subscription, ...]
    endings: tuple[str, ...] = field(default=(), repr=False)

    def masked(self, text: str) -> str:
        """`text` without the secrets of our addresses."""
        path = urlsplit(self.prefix).path
        text = re.sub(rf"({re.escape(path)})[^/\s]+", r"\1***", text)
        for ending in self.endings:
            text = text.replace(ending, "/***/")
        return text


@dataclass(frozen=True, slots=True)
class Problem:
    """`silent`: not all events come to us."""

    subscription: Subscription
    flaw: Flaw
    silent: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """`surplus`: addresses of ours that should not be subscribed (any more).

    `elsewhere`: ours too, at another place: where we stood before, or a copy of us stands now.
    """

    problems: tuple[Problem, ...]
    surplus: tuple[str, ...] = field(repr=False)
    elsewhere: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_in_order(self) -> bool:
        """Whether there is nothing to do without asking somebody."""
        return not self.problems and not self.surplus

    def told(self) -> str:
        """For operators; names no address."""
        parts = [f"«{each.subscription.title}»: {each.flaw}" for each in self.problems]
        if self.surplus:
            parts.append(f"подписок на прежние адреса: {len(self.surplus)}")
        if self.elsewhere:
            parts.append(f"подписок с нашим секретом на другом сервере: {len(self.elsewhere)}")
        return "; ".join(parts)


def look(*, client: AmoCrm, wanted: Wanted, lane: Lane) -> Findings:
    """Compare with amoCRM's own list: one request."""
    return compare(client.webhooks.list(lane=lane), wanted)


def compare(webhooks: Iterable[Webhook], wanted: Wanted) -> Findings:
    """What is not as it should be. Pure. Subscriptions of others are left alone."""
    present = {webhook.url: webhook for webhook in webhooks}
    problems = []
    for each in wanted.subscriptions:
        flaw = _flaw(present.get(each.url), each.events)
        if flaw is not None:
            silent = flaw is not Flaw.SUPERFLUOUS and not _is_covered(each, present)
            problems.append(Problem(each, flaw, silent))
    urls = {each.url for each in wanted.subscriptions}
    surplus = tuple(url for url in present if url.startswith(wanted.prefix) and url not in urls)
    elsewhere = tuple(
        url
        for url in present
        if not url.startswith(wanted.prefix) and urlsplit(url).path.endswith(wanted.endings)
    )
    return Findings(tuple(problems), surplus, elsewhere)


def mend(
    *, client: AmoCrm, wanted: Wanted, findings: Findings, lane: Lane, elsewhere: bool = False
) -> None:
    """Make it as it should be; safe to repeat, and to leave in the middle.

    `elsewhere`: what is subscribed at another place goes too: only a person knows that nobody is there.
    Former addresses go last, and only when amoCRM itself shows that the new ones stand: until then
    they are what brings us the events. Raises ServiceError, PacingError.
    """
    for problem in findings.problems:
        _subscribe(client, problem.subscription, lane)
        logger.info("subscriptions.subscribed", extra={"subscription": problem.subscription.name})
    if not _leaving(findings, elsewhere):
        return
    if findings.problems:
        findings = look(client=client, wanted=wanted, lane=lane)
    if not findings.problems:
        leaving = _leaving(findings, elsewhere)
        for url in leaving:
            client.webhooks.unsubscribe(url, lane=lane)
        logger.info("subscriptions.unsubscribed", extra={"count": len(leaving)})


def _leaving(findings: Findings, elsewhere: bool) -> tuple[str, ...]:
    return findings.surplus + findings.elsewhere if elsewhere else findings.surplus


def _subscribe(client: AmoCrm, wanted: Subscription, lane: Lane) -> None:
    events = sorted(wanted.events)
    made = client.webhooks.subscribe(wanted.url, events, lane=lane)
    # amoCRM documents only that people switch a disabled one on again. A new one is never disabled.
    if made.disabled:
        client.webhooks.unsubscribe(wanted.url, lane=lane)
        client.webhooks.subscribe(wanted.url, events, lane=lane)


def _flaw(webhook: Webhook | None, events: frozenset[str]) -> Flaw | None:
    if webhook is None:
        return Flaw.MISSING
    if webhook.disabled:
        return Flaw.DISABLED
    if not events <= webhook.events:
        return Flaw.LACKING
    return None if events == webhook.events else Flaw.SUPERFLUOUS


def _is_covered(wanted: Subscription, present: Mapping[str, Webhook]) -> bool:
    """Whether a former address brings the same events, as while secrets are being changed."""
    flaws = (_flaw(present.get(url), wanted.events) for url in wanted.formerly)
    return any(flaw in (None, Flaw.SUPERFLUOUS) for flaw in flaws)
