"""Which handler serves a path."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from emulators.messages import Request, Response

Handler = Callable[[Request], Response]
UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class Route:
    template: str
    handler: Handler


class Router:
    """Templates like `/api/v4/companies/{id:int}/notes`; what is in braces goes to `params`.

    `:int` takes digits only, `:path` takes slashes too.
    """

    def __init__(self) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Route]] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        route = Route(template, handler)
        if "{" not in template:
            self._fixed[method, template] = route
            return
        pattern = re.sub(r"\{(\w+):int\}", r"(?P<\1>[0-9]{1,18})", template)
        pattern = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", pattern)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._patterns.append((method, re.compile(pattern), route))

    def find(self, request: Request) -> Route | None:
        """The route of a request, None when there is none; fills `request.params`."""
        if route := self._fixed.get((request.method, request.path)):
            return route
        for method, pattern, route in self._patterns:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                request.params = match.groupdict()
                return route
        return None

    def knows(self, path: str) -> bool:
        """Whether the path is served for some method: 405 rather than 404."""
        return any(fixed == path for _, fixed in self._fixed) or any(
            pattern.fullmatch(path) for _, pattern, _ in self._patterns
        )
