"""Subscriptions to webhooks. Sending them is not emulated here."""

from dataclasses import dataclass
from typing import Any

MAX_HOOKS = 100  # per account
FIRST_ID = 9_000_001
EVENTS = frozenset(
    {
        *(
            f"{action}_{entity}"
            for action in ("add", "update", "delete", "restore", "responsible", "note")
            for entity in ("lead", "contact", "company")
        ),
        *(f"{action}_customer" for action in ("add", "update", "delete", "responsible", "note")),
        *(f"{action}_task" for action in ("add", "update", "delete", "responsible")),
        "status_lead",
        "add_talk",
        "update_talk",
        "add_chat_template_review",
    }
)


@dataclass(slots=True)
class Hook:
    id: int
    destination: str
    settings: list[str]
    sort: int
    created_at: int
    updated_at: int
    disabled: bool = False


class HookBook:
    """One subscription per destination."""

    def __init__(self) -> None:
        self.by_destination: dict[str, Hook] = {}
        self._next_id = FIRST_ID

    def subscribe(self, *, destination: str, settings: list[str], sort: int, now: float) -> Hook:
        hook = self.by_destination.get(destination)
        if hook is None:
            hook = Hook(self._next_id, destination, settings, sort, int(now), int(now))
            self._next_id += 1
            self.by_destination[destination] = hook
        hook.settings, hook.sort, hook.updated_at = settings, sort, int(now)
        return hook


def shown_hook(hook: Hook, *, account_id: int, user: int) -> dict[str, Any]:
    return {
        "id": hook.id,
        "destination": hook.destination,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "account_id": account_id,
        "created_by": user,
        "sort": hook.sort,
        "disabled": hook.disabled,
        "settings": hook.settings,
    }
