"""Changes of campaigns: rows are the queue, one service applies them, a sweep rings what lies.

A change is applied in one transaction with everything that belongs to it, or not at all, so it may
be tried again. At most one per campaign is open.
"""

import logging
from typing import Final

from django.conf import settings
from django.db import IntegrityError

from ads import shards
from operations import doorbell, statements
from organizations import arrivals, campaign_counters, linking, propagating, refusals
from organizations.inquiries import Told
from organizations.linking import Known
from organizations.models import CampaignChange
from organizations.statuses import StatusPublish

logger = logging.getLogger(__name__)

TASK: Final = "organizations.apply_campaign_change"
QUEUE: Final = "organizations"
# Longer than a task may live (CELERY_TASK_TIME_LIMIT, 110): whoever has it then is dead.
LEASE_SECONDS: Final = 120
# Its worker died or its database was away so often: that is not bad luck any more.
MOST_ATTEMPTS: Final = 5
RING_AGAIN_SECONDS: Final = 20  # the first ring was lost, or the queue is long
MOST_RINGS: Final = 100  # a sweep, on each shard; the next one is half a minute away

CLAIM = """
UPDATE campaign_changes SET state = 'running', attempts = attempts + 1,
    leased_until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE id = %(id)s AND (state = 'waiting' OR state = 'running' AND leased_until < clock_timestamp())
AND attempts < %(most)s
RETURNING *
"""

# Only the one who has claimed it last: a lease that ran out is another's. The campaign's own link
# and its history go along.
FINISH = """
WITH done AS (
    UPDATE campaign_changes SET state = 'done', banners = %(banners)s, leased_until = NULL,
        finished_at = clock_timestamp()
    WHERE id = %(id)s AND state <> 'done' AND attempts = %(attempts)s RETURNING *
), unlinked AS (
    DELETE FROM campaign_permalinks p USING done d
    WHERE p.cid = d.cid AND d.to_permalink IS NULL
), linked AS (
    INSERT INTO campaign_permalinks (cid, permalink_id, client_phone_id)
    SELECT cid, to_permalink, to_phone FROM done WHERE to_permalink IS NOT NULL
    ON CONFLICT (cid) DO UPDATE SET permalink_id = excluded.permalink_id,
        client_phone_id = excluded.client_phone_id
)
INSERT INTO link_history (client_id, cid, action, actor, uid, from_permalink, from_phone,
                          to_permalink, to_phone)
SELECT client_id, cid, 'set', actor, uid, from_permalink, from_phone, to_permalink, to_phone
FROM done
RETURNING id
"""

RELEASE = """
UPDATE campaign_changes SET state = 'waiting', leased_until = NULL, reason = %(reason)s
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempts)s
"""

FAIL = """
UPDATE campaign_changes SET state = 'failed', leased_until = NULL, reason = %(reason)s,
    finished_at = clock_timestamp()
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempts)s
"""

GIVE_UP = """
UPDATE campaign_changes SET state = 'failed', leased_until = NULL, finished_at = clock_timestamp(),
    reason = coalesce(nullif(reason, ''), %(reason)s)
WHERE state = 'waiting' AND attempts >= %(most)s
   OR state = 'running' AND attempts >= %(most)s AND leased_until < clock_timestamp()
RETURNING id
"""

LYING = """
SELECT id FROM campaign_changes
WHERE state = 'waiting' AND created_at < clock_timestamp() - %(again)s * interval '1 second'
   OR state = 'running' AND leased_until < clock_timestamp()
ORDER BY id LIMIT %(most)s
"""

DIED = "Рабочий процесс завершился раньше, чем изменение было применено"


class LostError(Exception):
    """The change is somebody else's by now: nothing of this try may be committed."""


def open_change(change: CampaignChange) -> CampaignChange:
    """Put the change into the queue. Raises LinkRefusedError while another one is open."""
    try:
        with shards.atomic():
            change.save(force_insert=True)
    except IntegrityError as error:
        if "one_open_change_per_campaign" not in str(error):
            raise
        raise refusals.too_many_changes(change.cid) from error
    return change


def ring(*, shard: int, change: CampaignChange) -> None:
    """Let a worker begin at once."""
    doorbell.ring_now(TASK, (shard, change.pk))


def carry_out(*, change_id: int) -> bool:
    """Apply a change of the current shard. False: it is done, given up, or somebody else has it."""
    change = _claim(change_id)
    if change is None:
        return False
    try:
        with shards.atomic():
            apply(change)
    except LostError:
        return False
    except refusals.LinkRefusedError as error:
        given = {"id": change_id, "attempts": change.attempts, "reason": error.text}
        statements.execute(FAIL, given, using=shards.current_alias())
        return False
    except Exception as error:  # the boundary of this change: it is tried again
        logger.exception("organizations.change_failed", extra={"change": change_id})
        given = {"id": change_id, "attempts": change.attempts, "reason": repr(error)[:500]}
        statements.execute(RELEASE, given, using=shards.current_alias())
        return False
    return True


def apply(change: CampaignChange) -> None:
    """The change with all that belongs to it, in the caller's transaction. Ten statements.

    Raises LinkRefusedError where the campaign is not linked any more as it was when the change was
    ordered, and LostError.
    """
    told = _told(change)
    if told.organization is not None:
        arrivals.hold_off()
        heard = arrivals.newer(permalinks=[told.organization.permalink], than=told.at)
        linking.remember(
            client_id=change.client_id, organizations=[_heard(told.organization, heard)]
        )
    if propagating.lock(cid=change.cid) != (change.from_permalink, change.from_phone):
        raise refusals.changed_meanwhile()
    changed: frozenset[int] = frozenset()
    if change.propagates:
        had = campaign_counters.before(cid=change.cid)
        linked = change.to_permalink is not None
        changed = propagating.put(change) if linked else propagating.remove(change)
        campaign_counters.follow(cid=change.cid, before=had, told=told)
    given = {"id": change.pk, "attempts": change.attempts, "banners": len(changed)}
    if not statements.fetch(FINISH, given, using=shards.current_alias()):
        raise LostError(f"campaign change {change.pk}")


def sweep() -> int:
    """Ring every change that nobody has begun or whose worker died; how many, on all shards."""
    if doorbell.unheard(queue=QUEUE):
        return 0  # they are in there, or the broker is away
    return sum(shards.for_each_shard(_sweep).values())


def _sweep(shard: int) -> int:
    alias = shards.current_alias()
    for (given_up,) in statements.fetch(
        GIVE_UP, {"most": MOST_ATTEMPTS, "reason": DIED}, using=alias
    ):
        logger.error("organizations.change_given_up", extra={"change": given_up})
    again = RING_AGAIN_SECONDS * settings.CLOCK_SCALE
    lying = statements.fetch(LYING, {"again": again, "most": MOST_RINGS}, using=alias)
    for (change_id,) in lying:
        doorbell.ring_now(TASK, (shard, change_id))
    return len(lying)


def _claim(change_id: int) -> CampaignChange | None:
    seconds = LEASE_SECONDS * settings.CLOCK_SCALE
    given = {"id": change_id, "seconds": seconds, "most": MOST_ATTEMPTS}
    return next(iter(CampaignChange.objects.raw(CLAIM, given)), None)


def _told(change: CampaignChange) -> Told:
    """As the Directory said when the change was ordered."""
    known = None
    if change.to_permalink is not None and change.status_publish is not None:
        known = Known(change.to_permalink, change.chain_id, StatusPublish(change.status_publish))
    counters = change.counters
    if counters is not None:
        counters = {int(permalink): counter for permalink, counter in counters.items()}
    return Told(change.asked_at, known, counters)


def _heard(known: Known, heard: dict[int, StatusPublish]) -> Known:
    return Known(known.permalink, known.chain_id, heard.get(known.permalink, known.status))
