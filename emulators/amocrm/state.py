"""All that one emulated account holds."""

import threading

from emulators.amocrm.account import ACCOUNT_ID, PIPELINES, first_users
from emulators.amocrm.arrivals import ArrivalLog
from emulators.amocrm.companies import CompanyBook
from emulators.amocrm.fields import FieldBook, company_fields, lead_fields
from emulators.amocrm.hooks.postman import Postman
from emulators.amocrm.hooks.storms import Storms
from emulators.amocrm.hooks.subscriptions import HookBook
from emulators.amocrm.leads import LeadBook
from emulators.amocrm.limits import Limiter
from emulators.amocrm.notes import NoteBook
from emulators.amocrm.oauth import TokenBook
from emulators.amocrm.settings import AmocrmSettings
from emulators.amocrm.tags import TagBook
from emulators.clock import Clock

SELLER_FIELD = "AMONITION_SELLER_ID"  # companies are one per seller; the audit counts by it


class State:
    """`lock` is held by whoever reads or changes anything below it."""

    def __init__(self, settings: AmocrmSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.lock = threading.RLock()
        self.postman = Postman(settings, clock)
        self.storms = Storms(self.postman)
        self.clear()

    def clear(self) -> None:
        """A new account with the same settings. `stage_hooks`: Digital Pipeline, by stage."""
        self.storms.stop()
        self.postman.outbox.forget()
        self.users = first_users()
        self.pipelines = PIPELINES
        self.fields: dict[str, FieldBook] = {
            "companies": company_fields(),
            "leads": lead_fields(),
        }
        self.tags = TagBook()
        self.companies = CompanyBook()
        self.leads = LeadBook()
        self.notes = NoteBook()
        self.hooks = HookBook()
        self.stage_hooks: dict[tuple[int, int], str] = {}
        self.tokens = TokenBook(self.settings, self.clock, account_id=ACCOUNT_ID)
        self.limiter = Limiter(self.settings)
        self.arrivals = ArrivalLog()
        self.arrivals_of_writes = ArrivalLog()
        self.created_items = 0
        self.updated_items = 0

    def seller_slot(self) -> int | None:
        field = self.fields["companies"].by_code.get(SELLER_FIELD)
        return None if field is None else field.slot

    def exists(self, entity: str, entity_id: int) -> bool:
        if entity == "companies":
            return self.companies.live(entity_id) is not None
        return self.leads.live(entity_id) is not None

    def hook_counts(self) -> dict[str, int]:
        """All is quiet when `pending` is 0. `storm_bodies`: those of it that are yet to be posted."""
        storms = self.storms.bodies_left  # first: a body is posted before it is no longer left
        counts = self.postman.outbox.summary()
        return {**counts, "pending": counts["pending"] + storms, "storm_bodies": storms}

    def stop(self) -> None:
        self.storms.stop()
        self.postman.stop()
