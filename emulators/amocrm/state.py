"""All that one emulated account holds."""

import threading

from emulators.amocrm.account import ACCOUNT_ID, PIPELINES, first_users
from emulators.amocrm.arrivals import ArrivalLog
from emulators.amocrm.companies import CompanyBook
from emulators.amocrm.fields import FieldBook, company_fields, lead_fields
from emulators.amocrm.leads import LeadBook
from emulators.amocrm.limits import Limiter
from emulators.amocrm.notes import NoteBook
from emulators.amocrm.oauth import TokenBook
from emulators.amocrm.settings import AmocrmSettings
from emulators.amocrm.tags import TagBook
from emulators.amocrm.webhooks import HookBook
from emulators.clock import Clock

SELLER_FIELD = "AMONITION_SELLER_ID"  # companies are one per seller; the audit counts by it


class State:
    """`lock` is held by whoever reads or changes anything below it."""

    def __init__(self, settings: AmocrmSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """A new account with the same settings."""
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
        return entity_id in self.leads.by_id
