"""The number beside an organization: which ones a person may show, and whether one of them is."""

from dataclasses import dataclass

from ads.models import ClientPhone
from clients.directory.client import Directory
from organizations import phones, refusals
from organizations.actors import Actor
from organizations.belongings import shard_of_client
from organizations.inquiries import MOST_SECONDS
from organizations.phones import Phone
from organizations.wishes import Linked, Wish


@dataclass(frozen=True, slots=True)
class OfferedPhone:
    """`kind`: of `ads.models.ClientPhone.Kind`."""

    client_phone_id: int
    kind: str
    number: str


def offered(
    *, client_id: int, permalink: int, actor: Actor, directory: Directory
) -> list[OfferedPhone]:
    """Which of the client's numbers this person may show beside the organization."""
    with shard_of_client(client_id):
        found = list(ClientPhone.objects.filter(client_id=client_id).order_by("client_phone_id"))
    # Who owns it is asked only where that makes a difference.
    refused = [each for each in found if _refusal(each, client_id, permalink, owns=False)]
    allowed = set(found)
    if refused and not owns(actor=actor, permalink=permalink, directory=directory):
        allowed -= set(refused)
    return [
        OfferedPhone(each.client_phone_id, each.kind, each.number)
        for each in found
        if each in allowed
    ]


def check(
    *, client_id: int, wish: Wish, before: Linked, actor: Actor, directory: Directory
) -> None:
    """Raises LinkRefusedError where this person may not show the number. On the client's shard.

    The number that this organization has already stays, whoever saves the form.
    """
    number = wish.client_phone_id
    if number is None:
        return
    if (wish.permalink, number) == (before.permalink, before.client_phone_id):
        return
    phone = ClientPhone.objects.filter(client_phone_id=number).first()
    refusal = _refusal(phone, client_id, wish.permalink, owns=False)
    if refusal is phones.NOT_ALLOWED and wish.permalink is not None:
        owned = owns(actor=actor, permalink=wish.permalink, directory=directory)
        refusal = _refusal(phone, client_id, wish.permalink, owns=owned)
    if refusal is not None:
        raise refusals.of_phone(refusal, number)


def owns(*, actor: Actor, permalink: int, directory: Directory) -> bool:
    """Whether the person owns the organization. Who cannot be asked about does not."""
    if actor.uid is None:
        return False
    return directory.owns(uid=actor.uid, permalink=permalink, deadline=MOST_SECONDS)


def _refusal(
    phone: ClientPhone | None, client_id: int, permalink: int | None, *, owns: bool
) -> phones.Refusal | None:
    given = None if phone is None else Phone(phone.client_id, phone.kind, phone.permalink)
    return phones.refusal(phone=given, client_id=client_id, permalink=permalink, owns=owns)
