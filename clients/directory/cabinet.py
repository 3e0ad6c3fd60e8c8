"""The link to an organisation's cabinet says where its reader comes from."""

from urllib.parse import urlsplit, urlunsplit

SOURCE = "source=direct"


def with_source(link: str | None) -> str | None:
    """The link with `source=direct`, in place of another `source`; nothing else of it changes."""
    if not link:
        return link
    parts = urlsplit(link)
    others = [pair for pair in parts.query.split("&") if pair and not _is_source(pair)]
    return urlunsplit(parts._replace(query="&".join([*others, SOURCE])))


def _is_source(pair: str) -> bool:
    return pair.partition("=")[0] == "source"
