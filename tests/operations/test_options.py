"""Options: what may be set, what holds where nothing is set, and who has set it."""

import pytest
from pytest_django import Settings

from operations import options
from operations.models import AuditEntry, Option
from operations.options import OptionRefusedError

pytestmark = pytest.mark.django_db

MODE = Option.Key.TRANSFER_MODE
CAP = Option.Key.TRANSFERS_PER_HOUR
HOSTS = Option.Key.PROFILE_HOSTS
NOTES = Option.Key.NOTES


def test_environment_holds_until_somebody_sets_something_else(settings: Settings) -> None:
    settings.OPTIONS = {**settings.OPTIONS, CAP: 600, HOSTS: "Avito.ru, youla.ru"}
    assert (options.get(CAP), options.number(CAP)) == ("600", 600)
    assert options.words(HOSTS) == ("avito.ru", "youla.ru")
    options.put(key=CAP, value="5", who="anna")
    settings.OPTIONS = {**settings.OPTIONS, CAP: 700}
    assert options.number(CAP) == 5


def test_every_option_has_a_value_of_the_first_day_that_it_accepts() -> None:
    for key in Option.Key:
        assert options.check(key, options.get(key)) == options.get(key)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        (MODE, " record ", "record"),
        (CAP, "0", "0"),
        (CAP, "007", "7"),
        (CAP, "100000", "100000"),
        (HOSTS, " Avito.RU ,, youla.ru,", "avito.ru, youla.ru"),
        (HOSTS, "", ""),
        (NOTES, "off", "off"),
    ],
)
def test_value_is_kept_in_one_form(key: Option.Key, value: str, kept: str) -> None:
    options.put(key=key, value=value, who="anna")
    assert options.get(key) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (MODE, ""),
        (MODE, "ON"),
        (NOTES, "record"),
        (CAP, ""),
        (CAP, "-1"),
        (CAP, "1.5"),
        (CAP, "100001"),
        (CAP, "٣"),
        (CAP, "²"),
        (HOSTS, "avito"),
        (HOSTS, "https://avito.ru"),
        (HOSTS, "avito.ru/user"),
        (HOSTS, "avito.ru youla.ru"),
        (HOSTS, "*.avito.ru"),
        (HOSTS, "a." * 127 + "ru"),
    ],
)
def test_what_is_no_value_is_refused_and_changes_nothing(key: Option.Key, value: str) -> None:
    before = options.get(key)
    with pytest.raises(OptionRefusedError):
        options.put(key=key, value=value, who="anna")
    assert options.get(key) == before
    assert not AuditEntry.objects.exists()


def test_refusal_says_what_would_be_right() -> None:
    with pytest.raises(OptionRefusedError, match="off, record, on"):
        options.check(MODE, "maybe")
    with pytest.raises(OptionRefusedError, match="avito: не имя сайта"):
        options.check(HOSTS, "youla.ru, avito")


def test_number_that_python_refuses_to_read_is_refused_like_others() -> None:
    with pytest.raises(OptionRefusedError):
        options.check(CAP, "9" * 5_000)


def test_list_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OptionRefusedError):
        options.put(key=HOSTS, value=", ".join(f"site{n}.ru" for n in range(200)), who="anna")


def test_list_of_nobody_is_empty() -> None:
    options.put(key=HOSTS, value=" , ", who="anna")
    assert options.words(HOSTS) == ()


def test_who_has_set_it_and_what_was_before_is_written_down() -> None:
    options.put(key=MODE, value="record", who="anna")
    options.put(key=MODE, value="off", who="boris")
    assert Option.objects.get(key=MODE).changed_by == "boris"
    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.who, entry.target, entry.details) for entry in entries] == [
        ("anna", "transfer_mode", {"from": "on", "to": "record"}),
        ("boris", "transfer_mode", {"from": "record", "to": "off"}),
    ]
