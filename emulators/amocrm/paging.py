"""Pages of a list of cards, as amoCRM wraps them."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

from emulators.amocrm.bodies import read_page
from emulators.messages import HAL, Request, Response, answer, no_content

DEFAULT_LIMIT = 50
T = TypeVar("T")


def page_of(
    request: Request, kind: str, *, found: Callable[[slice], list[T]], shown: Callable[[T], Any]
) -> Response:
    """`found`: a stretch of all that match. A page with nothing on it is an empty 204."""
    parameters = request.query()
    page, limit = read_page(dict(parameters), default_limit=DEFAULT_LIMIT)
    start = (page - 1) * limit
    cards = found(slice(start, start + limit + 1))  # one more tells whether there is a next page
    if not cards:
        return no_content()
    links = {"self": {"href": _href(request, parameters, page)}}
    if len(cards) > limit:
        links["next"] = {"href": _href(request, parameters, page + 1)}
    embedded = {kind: [shown(card) for card in cards[:limit]]}
    return answer({"_page": page, "_links": links, "_embedded": embedded}, content_type=HAL)


def _href(request: Request, parameters: list[tuple[str, str]], page: int) -> str:
    others = [(name, value) for name, value in parameters if name != "page"]
    query = urlencode([*others, ("page", str(page))], quote_via=quote_plus)
    return f"http://{request.headers.get('host', '')}{request.path}?{query}"
