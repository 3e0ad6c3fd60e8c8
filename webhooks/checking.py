"""What managers typed, checked before it goes to a service that acts on it. Pure.

The feeds service and Snatcher fetch what we hand them, so an address of our own network must never
get there (server-side request forgery; OWASP API7). Names are not resolved here: whoever fetches
must check the addresses that a name has at that moment.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Sequence
from urllib.parse import SplitResult, urlsplit

import phonenumbers

LONGEST_URL = 2048  # characters
LONGEST_PHONE = 40
HOME_REGION = "RU"
PORTS = (None, 80, 443)
# Names that only a private network resolves (RFC 6761, RFC 8375, and what people use).
PRIVATE_SUFFIXES = (
    ".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".test", ".invalid",
    ".example", ".onion", ".arpa",
)  # fmt: skip
# What Python's `ipaddress` calls global and nobody should be sent to: IPv4 in IPv6's clothes (RFC
# 4291, 2765, 8215, 6052), site-local (3879), 6to4 relays (7526), segment routing (9602), documents (9637).
NOT_THE_INTERNET = tuple(
    ipaddress.ip_network(network)
    for network in (
        "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "fec0::/10", "192.88.99.0/24",
        "5f00::/16", "3fff::/20",
    )
)  # fmt: skip
FORBIDDEN = frozenset('\\<>"`{}')
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})  # categories of Unicode
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
LIKE_A_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.ASCII)  # what inet_aton takes for an address


class NotAcceptedError(ValueError):
    """The text says what is wrong with it and what would be right, for a manager."""


def profile_url(text: str, *, hosts: Collection[str]) -> str:
    """An https address of one of `hosts` or a name below one. Raises NotAcceptedError."""
    parts = _split(text, schemes=("https",), what="Ссылка на профиль")
    host = _host(parts)
    names = {_in_dns(allowed) for allowed in hosts} - {""}
    if not any(host == name or host.endswith(f".{name}") for name in names):
        listed = ", ".join(sorted(hosts)) or "список пуст"
        raise NotAcceptedError(f"с сайта {host} профили не переносятся (можно: {listed})")
    return _with_host(parts, host)


def feed_url(text: str) -> str:
    """An address on the public Internet. Raises NotAcceptedError."""
    parts = _split(text, schemes=("https", "http"), what="Ссылка на фид")
    host = _host(parts)
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        _check_name(host)
    else:
        inner = getattr(address, "ipv4_mapped", None) or address
        if not inner.is_global or inner.is_multicast or _is_no_internet(address):
            raise NotAcceptedError(f"адрес {host} не из Интернета")
    return _with_host(parts, host)


def phone(text: str) -> str:
    """E.164. Raises NotAcceptedError."""
    try:
        parsed = phonenumbers.parse(text[:LONGEST_PHONE], HOME_REGION)
    except phonenumbers.NumberParseException:
        raise NotAcceptedError("телефон не похож на номер: нужен вида +79001234567") from None
    if len(text) > LONGEST_PHONE or not phonenumbers.is_possible_number(parsed):
        raise NotAcceptedError("такого телефона не бывает: нужен вида +79001234567")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _split(text: str, *, schemes: Sequence[str], what: str) -> SplitResult:
    if not text:
        raise NotAcceptedError(f"{what} не указана")
    if len(text) > LONGEST_URL:
        raise NotAcceptedError(f"{what} длиннее {LONGEST_URL} символов")
    if any(unicodedata.category(sign) in UNSEEN or sign in FORBIDDEN for sign in text):
        raise NotAcceptedError(f"{what} содержит пробелы или недопустимые знаки")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise NotAcceptedError(f"{what} записана с ошибкой") from None
    if parts.scheme not in schemes:
        raise NotAcceptedError(f"{what} должна начинаться с {schemes[0]}://")
    if parts.username is not None or parts.password is not None:
        raise NotAcceptedError(f"{what} содержит логин или пароль: уберите их")
    if port not in PORTS:
        raise NotAcceptedError(f"{what} с портом {port}: порт указывать нельзя")
    return parts


def _host(parts: SplitResult) -> str:
    """As DNS knows it. Raises NotAcceptedError."""
    found = (parts.hostname or "").rstrip(".")
    if "[" in parts.netloc:
        try:
            return str(ipaddress.IPv6Address(found))
        except ValueError:
            raise NotAcceptedError("адрес сайта записан с ошибкой") from None
    host = _in_dns(found)
    if not host or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise NotAcceptedError("адрес сайта записан с ошибкой")
    return host


def _in_dns(name: str) -> str:
    """A name as DNS has it; empty where it can have none."""
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def _with_host(parts: SplitResult, host: str) -> str:
    """The address as it was checked: what goes on must not mean another host to somebody else."""
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if parts.port is None else f"{shown}:{parts.port}"
    return parts._replace(netloc=netloc).geturl()


def _check_name(host: str) -> None:
    last = host.rpartition(".")[2]
    if "." not in host or host.endswith(PRIVATE_SUFFIXES) or LIKE_A_NUMBER.fullmatch(last):
        raise NotAcceptedError(f"{host} не сайт в Интернете")


def _is_no_internet(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Global in name only, or an IPv6 address that stands for an IPv4 one (6to4, Teredo)."""
    if any(address in network for network in NOT_THE_INTERNET):
        return True
    return isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour is not None or address.teredo is not None
    )
