"""Options: read by services, set by operators; the environment gives the values of the first day."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.db import transaction

from operations import audit
from operations.models import Option

LONGEST_VALUE = 2000  # characters, as the table has it
LONGEST_HOST = 253  # characters, DNS's limit
MOST_PER_HOUR = 100_000  # transfers; more is a typing error


class OptionRefusedError(ValueError):
    """Not a value of this option; the text says what would be."""


def get(key: Option.Key) -> str:
    """The value that holds now."""
    row = Option.objects.filter(key=key).values_list("value", flat=True).first()
    return str(settings.OPTIONS[key]) if row is None else row


def number(key: Option.Key) -> int:
    """The value of an option that is a whole number."""
    return int(get(key))


def words(key: Option.Key) -> tuple[str, ...]:
    """The value of an option that is a list."""
    return tuple(word.strip().lower() for word in get(key).split(",") if word.strip())


@transaction.atomic
def put(*, key: Option.Key, value: str, who: str) -> None:
    """Set an option and write down who did it. Raises OptionRefusedError."""
    checked = check(key, value)
    before = get(key)
    Option.objects.update_or_create(key=key, defaults={"value": checked, "changed_by": who})
    audit.record(who=who, action="option", target=key, details={"from": before, "to": checked})


def check(key: Option.Key, value: str) -> str:
    """The value as it is kept. Raises OptionRefusedError."""
    checked = CHECKS[key](value.strip())
    if len(checked) > LONGEST_VALUE:
        raise OptionRefusedError(f"Не длиннее {LONGEST_VALUE} знаков")
    return checked


def _one_of(*allowed: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if value not in allowed:
            raise OptionRefusedError(f"Одно из: {', '.join(allowed)}")
        return value

    return checked


def _whole(value: str) -> str:
    is_short = len(value) <= len(str(MOST_PER_HOUR))
    if not (value.isascii() and value.isdigit() and is_short and int(value) <= MOST_PER_HOUR):
        raise OptionRefusedError(f"Целое число от 0 до {MOST_PER_HOUR}")
    return str(int(value))


def _hosts(value: str) -> str:
    hosts = [word.strip().lower() for word in value.split(",") if word.strip()]
    for host in hosts:
        is_plain = all(character.isalnum() or character in "-." for character in host)
        if not is_plain or "." not in host or len(host) > LONGEST_HOST:
            raise OptionRefusedError(f"{host}: не имя сайта, нужно вроде avito.ru")
    return ", ".join(hosts)


CHECKS: Mapping[str, Callable[[str], str]] = {
    Option.Key.TRANSFER_MODE: _one_of("off", "record", "on"),
    Option.Key.TRANSFERS_PER_HOUR: _whole,
    Option.Key.PROFILE_HOSTS: _hosts,
    Option.Key.NOTES: _one_of("on", "off"),
}
