"""Switches of the emulated amoCRM; most stand for something that its documentation leaves open."""

from dataclasses import dataclass, field
from typing import Any, Literal

from emulators.settings import Settings

MAX_ITEMS_PER_BODY = 250  # as many as one request writes


@dataclass(slots=True)
class AmocrmSettings(Settings):
    """Rates are requests in any second; None switches a limit off.

    `foreign_rate`: what other integrations take of `account_rate_limit`, requests a second.
    `retry_after`: seconds, told in the JSON form of a 429. `flood_block_after`: violations until
    everything is answered 403. `index_lag_seconds`: what lists show lags behind that much.
    `filter_enabled`: False ignores `filter[...]`. `grace_ends_with`: what use of the new tokens
    kills the old refresh token in the `grace` mode. `patch_missing`: the fate of an update of a
    company that is not there. `is_admin`: the rights of the token's user.

    Webhooks: `hook_items_per_body`: most items that one commit puts into one body. `hook_delay_ms`:
    from the commit to the first attempt. `hook_timeout_ms`: for an answer. `hook_duplicate_share`,
    `hook_loss_share`, `hook_reorder_share`: of all hooks, drawn by `hook_seed`; the reordered are
    held back for `hook_reorder_ms`. `hook_disable_after`: invalid answers within two hours that a
    subscription survives; None: any number. `hooks_before_answer`: an answer of the API waits until
    the hooks of its commit have been tried. `hook_account`: `subdomain` is what old bodies carry.
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
    hook_items_per_body: int = 1
    hook_delay_ms: int | list[int] = 0
    hook_timeout_ms: int = 2000
    hook_duplicate_share: float = 0.0
    hook_loss_share: float = 0.0
    hook_reorder_share: float = 0.0
    hook_reorder_ms: int | list[int] = 1000
    hook_seed: int = 0
    hook_disable_after: int | None = 100
    hooks_before_answer: bool = False
    hook_account: Literal["full", "subdomain"] = "full"

    def odd(self, changes: dict[str, Any]) -> str | None:
        for name, value in changes.items():
            if name.endswith("_share") and not 0 <= value <= 1:
                return f"{name}: a share, 0 to 1"
        if changes.get("hook_items_per_body", 1) not in range(1, MAX_ITEMS_PER_BODY + 1):
            return f"hook_items_per_body: 1 to {MAX_ITEMS_PER_BODY}"
        return None
