"""Which number a person may show beside an organization. Kinds are those of `client_phones`."""

from dataclasses import dataclass

TELEPHONY, DIRECTORY = "telephony", "sprav"


@dataclass(frozen=True, slots=True)
class Phone:
    """`permalink`: the organization that a number from the Directory belongs to."""

    client_id: int
    kind: str
    permalink: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code`: for programs; `text`: what the person can do about it."""

    code: str
    text: str


WITHOUT_ORGANIZATION = Refusal(
    "phone.without_organization", "Сначала выберите организацию: номер показывается вместе с ней"
)
UNKNOWN = Refusal("phone.unknown", "Такого номера у клиента нет: выберите номер из списка")
NOT_ALLOWED = Refusal(
    "phone.not_allowed",
    "Любой номер может указать только владелец организации. Выберите номер Телефонии или номер этой"
    " организации из Справочника",
)


def refusal(
    *, phone: Phone | None, client_id: int, permalink: int | None, owns: bool
) -> Refusal | None:
    """Why the number cannot be shown, or None. `phone`: None where there is no such number.

    `owns`: the Directory says that this person owns the organization; not known is False.
    """
    if permalink is None:
        return WITHOUT_ORGANIZATION
    if phone is None or phone.client_id != client_id:
        return UNKNOWN
    from_directory = phone.kind == DIRECTORY and phone.permalink == permalink
    if owns or phone.kind == TELEPHONY or from_directory:
        return None
    return NOT_ALLOWED
