"""Who may show which number."""

import pytest

from ads.models import ClientPhone
from organizations import phones
from organizations.phones import Phone

OURS, FOREIGN, ONE, OTHER = 1, 2, 31, 32


@pytest.mark.requirement("R32")
@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    ("kind", "owner", "anybody"),
    [
        ("manual", None, "phone.not_allowed"),
        ("telephony", None, None),
        ("sprav", None, None),
    ],
)
def test_role_and_kind_decide(kind: str, owner: str | None, anybody: str | None) -> None:
    assert ask(Phone(OURS, kind, ONE), owns=True) == owner
    assert ask(Phone(OURS, kind, ONE), owns=False) == anybody


@pytest.mark.requirement("R32")
def test_a_number_of_another_organization_is_not_from_the_directory() -> None:
    assert ask(Phone(OURS, "sprav", OTHER), owns=False) == "phone.not_allowed"
    assert ask(Phone(OURS, "sprav", OTHER), owns=True) is None


@pytest.mark.requirement("R31")
@pytest.mark.parametrize("owns", [True, False])
def test_a_number_needs_an_organization(owns: bool) -> None:
    assert ask(Phone(OURS, "telephony"), permalink=None, owns=owns) == "phone.without_organization"


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("phone", [None, Phone(FOREIGN, "telephony")])
def test_a_number_is_one_of_the_client(phone: Phone | None) -> None:
    assert ask(phone, owns=True) == "phone.unknown"


def test_kinds_are_those_of_the_table() -> None:
    assert {phones.TELEPHONY, phones.DIRECTORY} < set(ClientPhone.Kind.values)


def ask(phone: Phone | None, *, owns: bool, permalink: int | None = ONE) -> str | None:
    """The refusal's code."""
    found = phones.refusal(phone=phone, client_id=OURS, permalink=permalink, owns=owns)
    return found.code if found else None
