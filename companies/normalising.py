"""Values as amoCRM should hold them: one spelling for one thing, so that equal data has one fingerprint."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers

HOME_REGION = "RU"
# Spellings that leave nothing to guess: nearly all of them, and parsing costs 50 times more.
PLAIN_PHONE = re.compile(
    r"(?:\+7|8)[ -]?\(?([3489]\d{2})\)?[ -]?(\d{3})[ -]?(\d{2})[ -]?(\d{2})", re.ASCII
)


def phone(value: str) -> tuple[str, bool]:
    """E.164 and True where `value` parses as a possible number; else as it came, and False."""
    if plain := PLAIN_PHONE.fullmatch(value):
        return "+7" + "".join(plain.groups()), True
    try:
        parsed = phonenumbers.parse(value, HOME_REGION)
    except phonenumbers.NumberParseException:
        return value, False
    if not phonenumbers.is_possible_number(parsed):
        return value, False
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), True


def email(value: str) -> str:
    """Lower case: amoCRM's search is not the place to find out about case."""
    return value.lower()


def calendar_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day on the wall calendar of `zone`."""
    return moment.astimezone(zone).date()


@lru_cache(maxsize=20_000)  # days since the service began, several times over
def day_stamp(day: date) -> int:
    """Unix seconds of the day's noon in UTC.

    amoCRM does not say in which zone it cuts a timestamp into days; noon in UTC is the same
    calendar day from UTC-11 to UTC+11.
    """
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
