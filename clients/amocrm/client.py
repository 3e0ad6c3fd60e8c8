"""The amoCRM account as Python sees it."""

from clients.amocrm.account import Account
from clients.amocrm.companies import Companies
from clients.amocrm.custom_fields import CustomFields
from clients.amocrm.leads import Leads
from clients.amocrm.notes import Notes
from clients.amocrm.webhooks import Webhooks
from clients.json_service import JsonService
from clients.transport import Transport


class AmoCrm:
    """All calls to one account, for one thread. Each raises the errors of `clients.errors` and
    the PacingErrors of `clients.pacing`; what they mean for the caller is written there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        service = JsonService(transport)
        self.account = Account(service)
        self.companies = Companies(service)
        self.custom_fields = CustomFields(service)
        self.leads = Leads(service)
        self.notes = Notes(service)
        self.webhooks = Webhooks(service)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
