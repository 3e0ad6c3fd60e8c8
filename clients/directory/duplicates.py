"""Duplicates: recognised by their head, restored from the original where an answer leaves them out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from clients.directory.records import Organization

DUPLICATE = "DUPLICATE"


def recognised(organization: Organization) -> Organization:
    """With the status DUPLICATE, where it names another one as its head.

    Zero stands for "not filled". An organisation whose status nobody asked for is left as it is.
    """
    head = organization.head_permalink
    if organization.publishing_status is None or not head or not organization.permalink:
        return organization
    if head == organization.permalink:
        return organization
    return replace(organization, publishing_status=DUPLICATE)


def restored(asked: Iterable[int], found: Mapping[int, Organization]) -> dict[int, Organization]:
    """The missing ones of `asked` that an original in `found` names: its data, their own id.

    Nothing is restored whose original was not asked for together with it.
    """
    originals = {copy: each for each in found.values() for copy in each.duplicates}
    return {
        permalink: replace(originals[permalink], permalink=permalink, publishing_status=DUPLICATE)
        for permalink in asked
        if permalink not in found and permalink in originals
    }
