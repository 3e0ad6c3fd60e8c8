"""Who changed a link, when, from what to what. Written in the transaction that changes it."""

from organizations.actors import Actor
from organizations.models import LinkHistory
from organizations.wishes import Linked


def changed(
    *, client_id: int, cid: int, bid: int | None, actor: Actor, before: Linked, after: Linked
) -> None:
    """A link of a banner, or of the campaign itself (`bid` None)."""
    LinkHistory.objects.create(
        client_id=client_id,
        cid=cid,
        bid=bid,
        action=LinkHistory.Action.SET,
        actor=actor.name,
        uid=actor.uid,
        from_permalink=before.permalink,
        from_phone=before.client_phone_id,
        from_vcard=before.prefer_vcard,
        to_permalink=after.permalink,
        to_phone=after.client_phone_id,
        to_vcard=after.prefer_vcard,
    )


def rejected(*, client_id: int, cid: int, bid: int, actor: Actor, permalink: int) -> None:
    """A recommendation that was declined; the automatic link goes on."""
    LinkHistory.objects.create(
        client_id=client_id,
        cid=cid,
        bid=bid,
        action=LinkHistory.Action.REJECTED,
        actor=actor.name,
        uid=actor.uid,
        from_permalink=permalink,
    )
