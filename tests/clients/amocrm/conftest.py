"""An emulated account, and a client that is let into it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from clients.amocrm.client import AmoCrm
from clients.calls import Limits
from clients.transport import Transport
from emulators import start_all
from tests.clients.emulated import Control
from tests.clients.recording_pace import RecordingPace


@dataclass
class Account:
    """`token`: what the client shows; the emulator knows this one for good."""

    url: str
    control: Control
    pace: RecordingPace
    token: str = "emulator-token"

    def transport(self, *, total_seconds: float = 5.0) -> Transport:
        return Transport(
            service="amocrm",
            base_url=self.url,
            pace=self.pace,
            authorise=lambda: self.token,
            limits=Limits(total_seconds=total_seconds),
        )


@pytest.fixture(scope="module")
def amocrm_url() -> Iterator[str]:
    emulators = start_all(port_base=None, sellers=1, seed=1)
    yield emulators.amocrm_url
    emulators.stop()


@pytest.fixture
def account(amocrm_url: str) -> Account:
    control = Control(amocrm_url)
    control.post("reset", {"settings": True})
    return Account(amocrm_url, control, RecordingPace())


@pytest.fixture
def crm(account: Account) -> Iterator[AmoCrm]:
    with closing(AmoCrm(account.transport())) as client:
        yield client
