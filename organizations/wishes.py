"""What a person wants linked, and what is linked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """`permalink`: None to unlink. `client_phone_id`: the number beside the organization; None: its
    own. `prefer_vcard`: the banner's vCard goes before the organization.
    """

    permalink: int | None
    client_phone_id: int | None = None
    prefer_vcard: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """`chain_id`: that of the organization when it was linked, 0 for none."""

    permalink: int | None
    chain_id: int = 0
    client_phone_id: int | None = None
    prefer_vcard: bool = False


NOTHING = Linked(None)
