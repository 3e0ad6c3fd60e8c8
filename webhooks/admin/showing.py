"""How webhooks' admin pages show cards, moments, phones and addresses."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display

from webhooks.cards import LARGEST_ID
from webhooks.models import Note

Shown = TypeVar("Shown", bound=Callable[..., object])

# The link that a manager pastes from amoCRM, or a number of ours or of amoCRM's.
WANTED = re.compile(r"(?:.*/detail/)?([0-9]{1,19})/?", re.ASCII)
PHONE = re.compile(r"\+[0-9]{5,14}(?=[0-9]{2})", re.ASCII)  # E.164, but for its last two digits
CARDS = {"lead": "сделка", "company": "компания", "contact": "контакт", "customer": "покупатель"}
PAGES = {"lead": "leads", "company": "companies", "contact": "contacts", "customer": "customers"}
MOMENT = "%d.%m.%Y %H:%M:%S"
THIS_FORTNIGHT = "%d.%m %H:%M:%S"  # for lists of what is kept no longer
LONGEST_TEXT = 140  # characters of a reason in a list; all of it is on the row's own page
UNITS = ((86_400, "д"), (3_600, "ч"), (60, "мин"))  # seconds

NOTE_TONES = {
    Note.State.PLANNED: "info",
    Note.State.SENT: "primary",
    Note.State.DONE: "success",
    Note.State.GIVEN_UP: "danger",
}


def labelled(description: str, tones: Mapping[Any, str]) -> Callable[[Shown], Shown]:
    """Of a function that gives a state and its name: shown in that state's colour."""
    return cast("Callable[[Shown], Shown]", display(description=description, label=dict(tones)))


def wanted_number(term: str) -> int | None:
    """What a search asks for; None where it is neither a number nor a link to a card."""
    found = WANTED.fullmatch(term.strip())
    number = int(found.group(1)) if found else 0
    return number if 0 < number <= LARGEST_ID else None


def card(entity: str, entity_id: int) -> str:
    """The card, with a link into amoCRM where it has a page."""
    name = f"{CARDS.get(entity, entity)} {entity_id}"
    if entity not in PAGES or not settings.AMOCRM_URL:
        return name
    url = f"{settings.AMOCRM_URL}/{PAGES[entity]}/detail/{entity_id}"
    return format_html(
        '<a class="underline whitespace-nowrap" href="{}" target="_blank" rel="noreferrer">{}</a>',
        url,
        name,
    )


def row(model: str, key: object, text: str) -> str:
    """A link to a row's own page here."""
    url = reverse(f"admin:webhooks_{model}_change", args=[key])
    return format_html('<a class="underline whitespace-nowrap" href="{}">{}</a>', url, text)


def moment(at: datetime | None, *, form: str = MOMENT) -> str:
    """In the admin's zone; UTC when pointed at."""
    if at is None:
        return "—"
    here = timezone.localtime(at).strftime(form)
    return format_html(
        '<span class="whitespace-nowrap" title="{} UTC">{}</span>',
        at.astimezone(UTC).strftime(MOMENT),
        here,
    )


def moment_of(
    field: str, description: str, *, form: str = MOMENT
) -> Callable[[object, object], str]:
    """A method of an admin that shows a row's moment."""

    @admin.display(description=description)
    def shown(_admin: object, row: object) -> str:
        return moment(getattr(row, field), form=form)

    return shown


def span(time: timedelta) -> str:
    """In the biggest unit that fits."""
    seconds = time.total_seconds()
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0.0):.1f} с".replace(".", ",")


def masked(text: str) -> str:
    """Of phones only the last two digits."""
    return PHONE.sub("***", text)


def short(text: str, *, about: str = "") -> str:
    """For a cell of a list, where long words must not push the others out. `about`: in small."""
    return format_html(
        '<div style="min-width: 12rem; overflow-wrap: anywhere; white-space: normal">{}'
        '<div class="text-xs text-base-500">{}</div></div>',
        Truncator(text).chars(LONGEST_TEXT) or "—",
        about,
    )


def address(url: str) -> str:
    """A link where following it is safe."""
    if not url.startswith("https://"):
        return url
    return format_html(
        '<a class="underline" style="display: inline-block; min-width: 14rem; overflow-wrap: anywhere"'
        ' href="{}" target="_blank" rel="noreferrer">{}</a>',
        url,
        Truncator(url).chars(LONGEST_TEXT),
    )
