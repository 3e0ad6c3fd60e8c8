"""What is about to be written: a seller's body and fingerprint, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clients.amocrm.client import AmoCrm
from clients.pacing import Lane
from companies import fields, fingerprints, normalising, profiles
from companies.profiles import SellerProfile

PATIENCE_SECONDS = 20  # for a rate slot; then the portion waits instead of the worker


@dataclass(frozen=True, slots=True)
class Clocks:
    """Seconds. `gap`: from the mark to the first byte. `lease`: of an attempt that is not sent yet."""

    gap: float
    lease: float


@dataclass(frozen=True, slots=True)
class WriteContext:
    """Where a write goes and on whose behalf. `as_of`: how old the data are."""

    client: AmoCrm
    run_id: int | None
    as_of: datetime
    lane: Lane
    clocks: Clocks
    patience: float = PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """One seller, ready to be written: the company's name, and the fingerprint of what is exported.

    `plain`: the mapped values (`fields.plain`). `defect`: why it cannot be written. `source`: the `source_digest` of what it was made of; None
    where it was not made of a warehouse's record.
    """

    seller_id: str
    name: str
    profile: SellerProfile
    plain: fields.Plain
    fingerprint: bytes
    odd_phone: bool
    defect: profiles.Defect | None = None
    source: bytes | None = None

    @property
    def values(self) -> Sequence[Mapping[str, object]]:
        """The company's custom fields, made when they are asked for: few sellers are written."""
        return fields.values(self.plain)


@dataclass(frozen=True, slots=True)
class Update:
    """A seller whose company exists. `known`: the confirmed fingerprint read at classification."""

    export: Export
    company_id: int
    known: bytes | None


@dataclass(slots=True)
class Outcome:
    """What became of the sellers of one write, by seller id.

    `unknown`: the answer was lost, the reconciler settles it. `elsewhere`: another worker's.
    `postponed`: not now (a scan proves absence; creation is closed).
    `overloaded`: amoCRM wants smaller writes.
    """

    created: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    overloaded: bool = False

    def add(self, other: "Outcome") -> None:
        """Join the outcome of a part of the same write."""
        for name in ("created", "updated", "rejected", "gone", "unknown", "elsewhere"):
            getattr(self, name).update(getattr(other, name))
        self.overloaded = self.overloaded or other.overloaded


def prepare(
    profile: SellerProfile, plan: fields.FieldPlan, *, source: bytes | None = None
) -> Export:
    """Name, fingerprint and defects of one seller."""
    name = fields.name_of(profile)
    plain = fields.plain(profile, plan)
    return Export(
        seller_id=profile.seller_id,
        name=name,
        profile=profile,
        plain=plain,
        fingerprint=fingerprints.fingerprint(name, plain, generation=plan.generation),
        odd_phone=bool(profile.phone) and not normalising.phone(profile.phone or "")[1],
        defect=profiles.find_defect(profile),
        source=source,
    )
