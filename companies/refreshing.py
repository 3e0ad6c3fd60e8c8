"""Writing one seller's company now, with data that were asked for now; the writing path of the push."""

from datetime import UTC, datetime
from enum import Enum, auto

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.pacing import Lane
from companies import exports, fielding, own_writes, rejections, updating
from companies.classifying import NOT_KNOWN, Standing, classify
from companies.exports import Clocks, Export, Update, WriteContext
from companies.fielding import Vocabulary
from companies.models import Rejection
from companies.profiles import SellerProfile
from companies.rejections import Refused
from operations import failpoints

LAST_OF_TIMES = datetime(9998, 1, 1, tzinfo=UTC)  # later than any confirmation: everybody is due


class Written(Enum):
    """What became of the company."""

    DONE = auto()
    NEWER = auto()  # something newer than these data is there already
    REFUSED = auto()  # a rejection says why
    GONE = auto()  # deleted in amoCRM
    BUSY = auto()  # not linked yet, or the outcome is unknown: later again


def refresh(*, client: AmoCrm, profile: SellerProfile, company_id: int) -> Written:
    """Write the profile to the company that is linked to its seller.

    Absolute values are sent whatever the fingerprint says: a person may have changed them in amoCRM.
    Raises ServiceError, PacingError, crm.catalogue.CatalogueError.
    """
    words = Vocabulary(frozenset(profile.offers_by_status), frozenset(profile.categories))
    export = exports.prepare(profile, fielding.prepare(client=client, words=words))
    if export.defect is not None:
        defect = export.defect
        complaint = Refused(export.fingerprint, defect.code, defect.path, defect.detail)
        refused = {profile.seller_id: complaint}
        rejections.reject(what=Rejection.What.PROFILE, refused=refused, run_id=None)
        return Written.REFUSED
    found = classify(
        sellers=[profile.seller_id], sources=[None], as_of=profile.as_of, afresh=LAST_OF_TIMES
    )
    known = found.get(0, NOT_KNOWN)
    match known.standing(export.fingerprint):
        case Standing.STALE:
            return Written.NEWER
        case Standing.GONE:
            return Written.GONE
        case Standing.CHANGED | Standing.REJECTED_BEFORE if known.company_id == company_id:
            return _write(client, export, Update(export, company_id, known.fingerprint))
        case _:
            return Written.BUSY


def _write(client: AmoCrm, export: Export, update: Update) -> Written:
    context = WriteContext(
        client=client,
        run_id=None,
        as_of=export.profile.as_of,
        lane=Lane.INTERACTIVE,
        clocks=Clocks(gap=settings.CREATE_SEND_GAP, lease=settings.CREATE_PREPARED_LEASE),
    )
    with own_writes.underway(companies=[update.company_id]) as write:
        outcome, confirmations = updating.update(context=context, updates=[update])
        failpoints.reach("refresh.written")
        if outcome.unknown:
            return Written.BUSY
        updating.confirm(confirmations=confirmations)
        own_writes.forget(writes=[write])  # where it was confirmed, the seller's row says so
    if outcome.rejected:
        return Written.REFUSED
    return Written.GONE if outcome.gone else Written.DONE
