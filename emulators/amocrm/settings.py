"""Switches of the emulated amoCRM; most stand for something that its documentation leaves open."""

from dataclasses import dataclass, field
from typing import Literal

from emulators.settings import Settings


@dataclass(slots=True)
class AmocrmSettings(Settings):
    """Rates are requests in any second; None switches a limit off.

    `foreign_rate`: what other integrations take of `account_rate_limit`, requests a second.
    `retry_after`: seconds, told in the JSON form of a 429. `flood_block_after`: violations until
    everything is answered 403. `index_lag_seconds`: what lists show lags behind that much.
    `filter_enabled`: False ignores `filter[...]`. `grace_ends_with`: what use of the new tokens
    kills the old refresh token in the `grace` mode. `patch_missing`: the fate of an update of a
    company that is not there. `is_admin`: the rights of the token's user.
    """

    rate_limit: int | None = None
    rate_limit_reply: Literal["html", "json"] = "html"
    retry_after: int = 300
    flood_block_after: int | None = None
    account_rate_limit: int | None = None
    foreign_rate: int = 0
    index_lag_seconds: float = 0.0
    filter_enabled: bool = True
    shuffle_answers: bool = False
    single_patch_envelope: bool = False
    patch_missing: Literal["validation", "omit"] = "validation"
    show_deleted_by_id: bool = False
    paid: bool = True
    is_admin: bool = True
    text_limit: int | None = 256
    fields_limit: int | None = 400
    require_token: bool = True
    long_lived_tokens: list[str] = field(default_factory=lambda: ["emulator-token"])
    token_mode: Literal["grace", "strict"] = "grace"  # noqa: S105 - a name
    grace_ends_with: Literal["refresh", "access"] = "refresh"
    client_id: str = "emulator-client"
    client_secret: str = "emulator-secret"  # noqa: S105 - known to everybody
    redirect_uri: str = "https://127.0.0.1/amocrm/oauth"
