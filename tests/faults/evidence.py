"""Asking the emulators what has happened, and our tables only for what the question is about them."""

from django.db import connection

from tests.faults.judge import Evidence
from tests.faults.scene import Scene

# What has to be empty once everything is settled, and what it is called.
OPEN = {
    "runs at work": "SELECT count(*) FROM operations_run WHERE state IN ('preparing', 'writing')",
    "attempts prepared": "SELECT count(*) FROM create_attempt WHERE state = 'p'",
    "attempts of unknown outcome": "SELECT count(*) FROM create_attempt WHERE state = 's'",
    "sellers being created": "SELECT count(*) FROM seller_sync WHERE state = 'p'",
    "requests unread": "SELECT count(*) FROM webhooks_delivery WHERE state = 'stored'",
    "events": "SELECT count(*) FROM webhooks_event WHERE state IN ('waiting', 'working')",
    "dead events": "SELECT count(*) FROM webhooks_event WHERE state = 'dead'",
    "notes": "SELECT count(*) FROM webhooks_note WHERE state IN ('planned', 'sent')",
    "transfers": "SELECT count(*) FROM webhooks_transfer WHERE state IN ('requested', 'unknown')",
}


def unsettled(scene: Scene) -> list[str]:
    """One phrase for everything that still waits. Raises django.db.Error."""
    phrases = [f"{count} {what}" for what, sql in OPEN.items() if (count := _count(sql))]
    pending = int(scene.amocrm.get("hooks")["pending"])
    return [*phrases, f"{pending} hooks on their way"] if pending else phrases


def gather(scene: Scene) -> Evidence:
    """What the judge looks at."""
    audit, snatcher = scene.amocrm.get("audit"), scene.controls["snatcher"].get("audit")
    loaded = scene.controls["feeds"].get("audit")["loaded"]
    return Evidence(
        expected=scene.source.expected(feeds=loaded),
        companies=scene.amocrm.get("audit/companies?limit=10000")["companies"],
        excused=frozenset(scene.book.excused),
        poison=frozenset(str(each.seller_id) for each in scene.source.poison),
        rejected=frozenset(_column("SELECT seller_id FROM rejection")),
        transfers=[each["profile_url"] for each in snatcher["latest"]],
        leads=scene.book.leads,
        feeds=loaded,
        wishes=scene.book.wishes,
        rate_violations=audit["rate_violations"],
        into_the_block=scene.book.into_the_block,
        unsettled=unsettled(scene),
    )


def _count(sql: str) -> int:
    return int(_column(sql)[0])


def _column(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [str(row[0]) for row in cursor.fetchall()]
