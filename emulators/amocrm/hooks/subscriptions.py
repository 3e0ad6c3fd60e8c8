"""Subscriptions to webhooks (amocrm-contract.md 5.1), and when amoCRM switches one off (5.5)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

MAX_HOOKS = 100  # per account
FIRST_ID = 9_000_001
INVALID_SECONDS = 2 * 60 * 60  # invalid answers older than that do not count
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


@dataclass(slots=True, eq=False)
class Hook:
    """`invalid_at`: when its last answers were invalid. `gone`: nobody is subscribed any more."""

    id: int
    destination: str
    settings: list[str]
    sort: int
    created_at: int
    updated_at: int
    disabled: bool = False
    gone: bool = False
    invalid_at: deque[float] = field(default_factory=deque)

    @property
    def is_open(self) -> bool:
        return not (self.disabled or self.gone)

    def switch(self, *, disabled: bool) -> None:
        """By hand. Switched on again, a hook has all its invalid answers before it."""
        self.disabled = disabled
        if not disabled:
            self.invalid_at.clear()

    def answered_badly(self, *, now: float, limit: int | None) -> None:
        """Switches itself off with the first invalid answer beyond `limit` in two hours."""
        if limit is None:
            return
        self.invalid_at.append(now)
        while self.invalid_at[0] < now - INVALID_SECONDS:
            self.invalid_at.popleft()
        if len(self.invalid_at) > limit:
            self.disabled = True


class HookBook:
    """One subscription per destination."""

    def __init__(self) -> None:
        self.by_destination: dict[str, Hook] = {}
        self._next_id = FIRST_ID

    def subscribe(self, *, destination: str, settings: list[str], sort: int, now: float) -> Hook:
        """An upsert, which also switches a hook on that was off."""
        hook = self.by_destination.get(destination)
        if hook is None:
            hook = Hook(self._next_id, destination, settings, sort, int(now), int(now))
            self._next_id += 1
            self.by_destination[destination] = hook
        hook.settings, hook.sort, hook.updated_at = settings, sort, int(now)
        hook.switch(disabled=False)
        return hook

    def unsubscribe(self, destination: str) -> bool:
        """Whether there was such a subscription."""
        hook = self.by_destination.pop(destination, None)
        if hook is not None:
            hook.gone = True
        return hook is not None

    def listening(self, *events: str) -> list[Hook]:
        """Those that want at least one of the events and are not switched off."""
        return [
            hook
            for hook in self.by_destination.values()
            if hook.is_open and not set(events).isdisjoint(hook.settings)
        ]


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
