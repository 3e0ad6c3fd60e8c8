"""What managers typed: which addresses and phones go on to a service, and which never do."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webhooks import checking
from webhooks.checking import LONGEST_URL, NotAcceptedError

HOSTS = ("avito.ru", "youla.ru")
E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
# Pieces that the reader of a URL stumbles over, put together by chance.
PIECES = st.one_of(
    st.sampled_from(
        ["https://", "http://", "avito.ru", "127.0.0.1", "[::1]", "[", "]", "@", ":", "/", "//", ".",
         "%", "?", "#", "\\", "xn--", "ß", "\u200d", "。", "①", "\ud800", "\x00", "443", "0x7f", "-"]
    ),
    st.text(max_size=8),
)  # fmt: skip
URLS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=12).map("".join),
    st.text(max_size=60).map("https://{}".format),
)


def _profile(text: str) -> str:
    return checking.profile_url(text, hosts=HOSTS)


# Feeds


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.net/feed.xml",
        "http://shop.example.net/feed.xml?a=1&b=%20#part",
        "https://shop.example.net:443/",
        "http://shop.example.net:80",
        "https://shop.example.net",
        "https://a_b.example.net/x",
        "https://1.example.net/",
        "https://xn--80aairftm.xn--p1ai/фид.xml",
        "https://93.184.216.34/feed",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/feed",
        "https://" + "a" * 63 + ".net/",
        "https://shop.example.net/" + "x" * (LONGEST_URL - len("https://shop.example.net/")),
    ],
)
def test_address_on_the_internet_is_taken_as_it_is(url: str) -> None:
    assert checking.feed_url(url) == url


@pytest.mark.parametrize(
    "host",
    [
        # an address of our own, however it is written
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "0.0.0.0", "255.255.255.255", "169.254.169.254", "100.64.0.1", "100.127.255.255",  # noqa: S104
        "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.255", "240.0.0.1",
        "127.0.0.1.", "127.0.0.1..", "127.1", "127.0.1", "10.1", "0",
        "2130706433", "017700000001", "0x7f000001", "0x7F.1", "0x7f.0.0.1", "0177.0.0.1",
        "127.0.0.0x1", "192.168.0.01", "0x", "1.2.3.4.5", "256.256.256.256",
        # the same in signs that are digits and dots elsewhere
        "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "१२७.0.0.1",
        # IPv6
        "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]",
        "[fd12:3456::1]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[100::1]",
        "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:a00:1]",
        "[::ffff:169.254.169.254]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        # names that only we resolve
        "localhost", "LOCALHOST", "localhost.", "db", "redis", "intranet", "foo.local",
        "printer.LOCAL.", "a.localhost", "metadata.google.internal", "nas.home", "x.lan", "x.corp",
        "a.test", "a.invalid", "shop.example", "a.onion", "1.0.0.127.in-addr.arpa", "foo.home.arpa",
        "ｌｏｃａｌｈｏｓｔ", "foo.ｌｏｃａｌ", "foo。local",
        # no name at all
        "", ".", "..", "a..b", ".example.net", "-a.example.net", "a-.example.net", "a b.net",
        "a" * 64 + ".net", "exa$mple.net", "exa,mple.net", "example.net%2f.evil.net", "*.net",
        "%31%32%37.0.0.1", "[127.0.0.1]", "[example.net", "example.net]", "[::1].net", "[::1", "[]",
        "[::12345]", "[g::1]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_address_of_a_private_network_or_of_nobody_is_refused(scheme: str, host: str) -> None:
    with pytest.raises(NotAcceptedError):
        checking.feed_url(f"{scheme}://{host}/feed.xml")


@pytest.mark.parametrize(
    "address",
    [
        "::127.0.0.1",  # IPv4-compatible, RFC 4291: given up, but some stacks still unpack it
        "::10.0.0.1",
        "::ffff:0:127.0.0.1",  # IPv4-translated, RFC 2765
        "64:ff9b:1::7f00:1",  # NAT64 of one's own network, RFC 8215
        "fec0::1",  # site-local, RFC 3879
        "192.88.99.1",  # 6to4 relays, RFC 7526
        "5f00::1",  # segment routing, RFC 9602
        "3fff::1",  # documentation, RFC 9637
    ],
)
def test_address_that_is_global_in_name_only_is_refused(address: str) -> None:
    with pytest.raises(NotAcceptedError):
        checking.feed_url(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize("host", ["[v1.example.net]", "[v1.a:b]"])
def test_what_brackets_hold_is_an_address(host: str) -> None:
    with pytest.raises(NotAcceptedError):
        checking.feed_url(f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "не указана"),
        ("https://shop.example.net/" + "x" * LONGEST_URL, "длиннее 2048"),
        ("ftp://shop.example.net/feed", "должна начинаться с https://"),
        ("file:///etc/passwd", "должна начинаться"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "с портом|должна начинаться"),
        ("javascript:alert(1)", "должна начинаться"),
        ("shop.example.net/feed", "должна начинаться"),
        ("//shop.example.net/feed", "должна начинаться"),
        ("https:shop.example.net", "с ошибкой"),
        ("https:///shop.example.net", "с ошибкой"),
        ("https://user@shop.example.net/", "логин"),
        ("https://user:pass@shop.example.net/", "логин"),
        ("https://:pass@shop.example.net/", "логин"),
        ("https://@shop.example.net/", "логин"),
        ("https://shop.example.net@127.0.0.1/", "логин"),
        ("https://127.0.0.1#@shop.example.net/", "не из Интернета"),
        ("https://127.0.0.1?@shop.example.net/", "не из Интернета"),
        ("https://shop.example.net:22/", "порт"),
        ("https://shop.example.net:0/", "порт"),
        ("https://shop.example.net:65536/", "с ошибкой"),
        ("https://shop.example.net:x/", "с ошибкой"),
        ("https://shop.example.net:-1/", "с ошибкой"),
        ("https://shop.example.net\\@127.0.0.1/", "недопустимые"),
        ("https://shop.example.net /", "пробелы"),
        (" https://shop.example.net/", "пробелы"),
        ("https://shop.example.net/\r\nHost: a", "пробелы"),
        ("https://shop.exa\tmple.net/", "пробелы"),
        ("https://shop.example.net/\x00", "недопустимые"),
        ("https://shop.example.net/\x7f", "недопустимые"),
        ("https://shop.example.net/<script>", "недопустимые"),
        ("https://shop.example.net/$`{id}", "недопустимые"),
    ],
)
def test_refusal_says_what_is_wrong(url: str, problem: str) -> None:
    with pytest.raises(NotAcceptedError, match=problem):
        checking.feed_url(url)


@pytest.mark.parametrize("sign", ["\x85", "\x9f", "\u2028", "\u202e", "\u200b", "\ufeff", "\u00a0"])
def test_signs_that_nobody_sees_are_refused(sign: str) -> None:
    with pytest.raises(NotAcceptedError):
        checking.feed_url(f"https://shop.example.net/{sign}feed")


# Profiles


@pytest.mark.parametrize(
    "url",
    [
        "https://avito.ru/user/abc/profile",
        "https://www.avito.ru/user/abc?x=1",
        "https://m.avito.ru",
        "https://a.b.youla.ru/",
        "https://AVITO.ru/user",
        "https://avito.ru./user",
        "https://avito.ru:443/user",
    ],
)
def test_profile_of_a_listed_site_is_taken(url: str) -> None:
    assert _profile(url) == url.replace("AVITO", "avito").replace("ru./", "ru/")


@pytest.mark.parametrize(
    "url",
    [
        "https://avito.ru.evil.com/",
        "https://evilavito.ru/",
        "https://avito.ru@evil.com/",
        "https://avito.ru:pass@evil.com/",
        "https://evil.com/avito.ru",
        "https://evil.com?avito.ru",
        "https://evil.com#.avito.ru",
        "https://evil.com\\.avito.ru/",
        "https://evil.com%2f.avito.ru/",
        "https://evil.com%00.avito.ru/",
        "https://avito.ru..evil.com/",
        "https://.avito.ru/",
        "https://avito-ru.com/",
        "https://avito.com/",
        "https://ru/",
        "https://аvito.ru/",  # noqa: RUF100 - its first letter is Cyrillic
        "https://xn--vito-5cd.ru/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://drom.ru/",
        "http://avito.ru/user",
        "http://www.avito.ru/user",
        "https://avito.ru:8443/user",
        "https://user@avito.ru/",
        "avito.ru/user",
        "",
    ],
)
def test_profile_of_another_site_is_refused(url: str) -> None:
    with pytest.raises(NotAcceptedError):
        _profile(url)


def test_without_sites_nothing_is_taken() -> None:
    with pytest.raises(NotAcceptedError, match="список пуст"):
        checking.profile_url("https://avito.ru/", hosts=())


def test_site_with_a_name_in_cyrillic_can_be_listed() -> None:
    url = "https://объявления.рф/user"
    in_dns = url.replace("объявления.рф", "объявления.рф".encode("idna").decode())
    assert checking.profile_url(url, hosts=("объявления.рф",)) == in_dns


@pytest.mark.parametrize("host", ["ａｖｉｔｏ.ru", "avito。ru"])
def test_host_goes_on_in_the_form_that_was_checked(host: str) -> None:
    assert urlsplit(_profile(f"https://{host}/user")).hostname == "avito.ru"


# Phones


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+7 912 345-67-89", "+79123456789"),
        ("8 (912) 345-67-89", "+79123456789"),
        ("89123456789", "+79123456789"),
        ("9123456789", "+79123456789"),
        ("79123456789", "+79123456789"),
        ("８９１２３４５６７８９", "+79123456789"),
        ("тел. 8-912-345-67-89 доб. 12", "+79123456789"),
        ("+375 29 123-45-67", "+375291234567"),
    ],
)
def test_phone_is_told_as_the_world_writes_it(text: str, expected: str) -> None:
    assert checking.phone(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "позвоните мне", "123", "+7", "+7912345678901234", "+999 123 45 67", "0" * 41,
     "+79123456789" + " " * 40, "\x00", "+" * 40],
)  # fmt: skip
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(NotAcceptedError):
        checking.phone(text)


# Whatever comes


def _taken(check: Callable[[str], str], text: str) -> str | None:
    """None where it is refused; anything else that is raised fails the test."""
    try:
        return check(text)
    except NotAcceptedError:
        return None


@pytest.mark.parametrize("check", [checking.feed_url, _profile])
@given(text=URLS)
@example(text="https://[")
@example(text="https://a\u2100b.net/")
@example(text="https://" + "é" * 2_000)
def test_any_text_is_an_address_or_refused(check: Callable[[str], str], text: str) -> None:
    taken = _taken(check, text)
    if taken is not None:
        assert taken.startswith(("https://", "http://"))
        assert len(taken) <= LONGEST_URL
        assert check(taken) == taken


@given(text=st.one_of(st.text(max_size=60), st.text("0123456789+-() доб.", max_size=45)))
def test_any_text_is_a_phone_or_refused(text: str) -> None:
    taken = _taken(checking.phone, text)
    assert taken is None or E164.fullmatch(taken)
