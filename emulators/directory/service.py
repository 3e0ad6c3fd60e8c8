"""The Directory of organisations, by our own contract (docs/contracts/directory.openapi.yaml)."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from emulators.chance import shuffled
from emulators.directory import picker
from emulators.directory.counters import CreatedCounters, KeyTakenError
from emulators.directory.organizations import blank, seeded
from emulators.directory.scripts import Behaviour, Scripts, distorted, refused_by
from emulators.fitting import fits
from emulators.inhouse import InhouseService, InhouseSettings, unknown, unprocessable
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError, json_object, refuse

MOST_IDS = 100
MOST_FOUND = 50
MOST_ADDED = 100_000
FIELDS = frozenset(blank(0)) - {"id", "owner_uids"}  # lower case here, upper case in `expand`
PICKER = "/picker"


@dataclass(slots=True)
class DirectorySettings(InhouseSettings):
    """`native_duplicates`: a duplicate's status is DUPLICATE. `keys`: what an Idempotency-Key does;
    `refuse`: a request with one is answered 400. `ordered`: lists come as they were asked for.
    """

    native_duplicates: bool = False
    keys: Literal["honour", "ignore", "refuse"] = "honour"
    ordered: bool = False


class BadQueryError(Exception):
    """A parameter that the contract does not know, lacks, or has with another value."""


class DirectoryService(InhouseService):
    def __init__(self, *, seed: int) -> None:
        self.directory_settings = DirectorySettings()
        super().__init__(self.directory_settings)
        self._seed = seed
        self._organizations = seeded(seed)
        self._counters = CreatedCounters()
        self._scripts = Scripts()
        self._orders = itertools.count()
        add = self._add
        add("GET", "/v1/companies", "bulk", self._bulk)
        add("GET", "/v1/companies/search", "search", self._search)
        add("GET", "/v1/companies/{permalink:int}", "single", self._single)
        add("GET", "/v1/companies/{permalink:int}/is-owner", "is-owner", self._is_owner)
        add("GET", "/v1/metrika", "metrika", self._metrika)
        add("POST", "/v3/companies/{permalink:int}/create-metrika", "create-metrika", self._create)
        self.routes.add("POST", "/v1/companies", lambda _: refuse(501, "not used", reason="unused"))
        self.routes.add("GET", PICKER, self._picker)
        self.control.add("PUT", "/_control/organizations/{permalink:int}", self._put)
        self.control.add("DELETE", "/_control/organizations/{permalink:int}", self._remove)
        self.control.add("POST", "/_control/scripts", self._add_script)
        self.control.add("DELETE", "/_control/scripts", self._clear_scripts)

    def refusal(self, request: Request) -> Response | None:
        """The picker's page is for browsers, which have no token."""
        return None if request.path == PICKER else super().refusal(request)

    def forget(self) -> None:
        self._organizations = seeded(self._seed)
        self._counters.clear()
        self._scripts.clear()

    def audit(self) -> dict[str, Any]:
        """`counters`: all that were created, by permalink; see `Scripts.audit` for the rest."""
        return {**super().audit(), **self._scripts.audit(), "counters": self._counters.audit()}

    def _add(
        self, method: str, template: str, endpoint: str, handler: Callable[[Request], Response]
    ) -> None:
        def scripted(request: Request) -> Response:
            named = _named(request)
            call_id = request.headers.get("x-call-id")
            behaviour = self._scripts.next(endpoint, named, call_id)
            if behaviour.kind == "refuse":
                return refused_by(behaviour)
            try:
                response = self._without(behaviour, handler, request)
            except BadQueryError as error:
                return refuse(400, str(error), reason="validation")
            return distorted(behaviour, response)

        self.routes.add(method, template, scripted)

    def _without(
        self, behaviour: Behaviour, handler: Callable[[Request], Response], request: Request
    ) -> Response:
        if behaviour.kind == "drop":
            request.params["drop"] = ",".join(map(str, behaviour.ids))
        return handler(request)

    def _bulk(self, request: Request) -> Response:
        """Unknown ids are simply absent, and so are duplicates."""
        query = _query(request, required={"permalinks", "expand"})
        asked, fields = _ids(query["permalinks"], "permalinks"), _fields(query["expand"])
        dropped = set(filter(None, request.params.get("drop", "").split(",")))
        found = [
            self._shown(self._organizations[each], fields)
            for each in dict.fromkeys(asked)
            if self._is_shown(each) and str(each) not in dropped
        ]
        return answer({"companies": self._in_some_order(found)})

    def _single(self, request: Request) -> Response:
        fields = _fields(_query(request, required={"expand"})["expand"])
        found = self._organizations.get(int(request.params["permalink"]))
        return (
            unknown("no such organization") if found is None else answer(self._shown(found, fields))
        )

    def _search(self, request: Request) -> Response:
        query = _query(request, required={"text", "expand"}, optional={"region", "limit", "offset"})
        limit, offset = _number(query, "limit", 20), _number(query, "offset", 0)
        if not 1 <= limit <= MOST_FOUND:
            raise BadQueryError(f"limit: 1 to {MOST_FOUND}")
        region = _number(query, "region", 0)
        found = [
            each
            for each in self._found(query["text"])
            if not region or (each["address"] or {}).get("region_id") == region
        ]
        fields = _fields(query["expand"])
        page = [self._shown(each, fields) for each in found[offset : offset + limit]]
        return answer({"companies": page})

    def _is_owner(self, request: Request) -> Response:
        uid = _number(_query(request, required={"uid"}), "uid", 0)
        found = self._organizations.get(int(request.params["permalink"]))
        if found is None:
            return unknown("no such organization")
        return answer({"owned": uid in found["owner_uids"]})

    def _metrika(self, request: Request) -> Response:
        asked = _ids(_query(request, required={"permalinkIds"})["permalinkIds"], "permalinkIds")
        counters = [
            {"permalink": each, "counter_id": counter}
            for each in dict.fromkeys(asked)
            if (counter := self._counter(each)) is not None
        ]
        return answer({"counters": self._in_some_order(counters)})

    def _create(self, request: Request) -> Response:
        permalink, key = int(request.params["permalink"]), request.headers.get("idempotency-key")
        if key is not None and self.directory_settings.keys == "refuse":
            return refuse(400, "Idempotency-Key is not known here", reason="validation")
        if permalink not in self._organizations:
            return unknown("no such organization")
        try:
            honoured = key if self.directory_settings.keys == "honour" else None
            return answer({"counter_id": self._counters.create(permalink, honoured)})
        except KeyTakenError:
            return unprocessable("the key belongs to another organization")

    def _picker(self, request: Request) -> Response:
        text = dict(request.query()).get("text", "")
        return picker.page(text, self._found(text)[:MOST_FOUND])

    def _found(self, text: str) -> list[dict[str, Any]]:
        """By names and address, duplicates left out."""
        wanted = text.casefold()
        return [
            each
            for each in list(self._organizations.values())
            if self._is_shown(each["id"])
            and wanted
            in " ".join(
                [
                    *(name["value"] for name in each["names"]),
                    (each["address"] or {}).get("text", ""),
                ]
            ).casefold()
        ]

    def _is_shown(self, permalink: int) -> bool:
        found = self._organizations.get(permalink)
        return found is not None and found["head_permalink"] in (None, permalink)

    def _shown(self, found: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        shown = {"id": found["id"], **{field: found[field] for field in fields}}
        if "metrika_data" in shown:
            counter = self._counter(found["id"])
            shown["metrika_data"] = None if counter is None else {"counter_id": counter}
        duplicate = not self._is_shown(found["id"])
        if "publishing_status" in shown and duplicate and self.directory_settings.native_duplicates:
            shown["publishing_status"] = "DUPLICATE"
        return shown

    def _counter(self, permalink: int) -> int | None:
        created = self._counters.of(permalink)
        born_with = (self._organizations.get(permalink) or {}).get("metrika_data")
        return created or (born_with["counter_id"] if born_with else None)

    def _in_some_order(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.directory_settings.ordered:
            return items
        return shuffled(items, self._seed, next(self._orders))

    def _put(self, request: Request) -> Response:
        """Changes an organisation, or adds one; what is not named stays as it is."""
        permalink, changes = int(request.params["permalink"]), json_object(request)
        if not changes.keys() <= FIELDS | {"owner_uids"}:
            raise ControlRefusedError(f"known are {', '.join(sorted(FIELDS))}, owner_uids")
        if not fits(changes.get("duplicates", []), list[int]):
            raise ControlRefusedError("duplicates: ids")
        if permalink not in self._organizations and len(self._organizations) >= MOST_ADDED:
            raise ControlRefusedError("too many organizations")
        known = self._organizations.get(permalink) or blank(permalink)
        self._organizations[permalink] = {**known, **changes}
        return answer(self._organizations[permalink])

    def _remove(self, request: Request) -> Response:
        self._organizations.pop(int(request.params["permalink"]), None)
        return answer({"removed": True})

    def _add_script(self, request: Request) -> Response:
        self._scripts.add(json_object(request))
        return answer({"added": True})

    def _clear_scripts(self, request: Request) -> Response:
        self._scripts.clear()
        return answer({"cleared": True})


def _named(request: Request) -> list[int]:
    """The permalinks that a request is about, as far as they can be read."""
    query = dict(request.query())
    told = query.get("permalinks") or query.get("permalinkIds") or ""
    texts = [request.params.get("permalink", ""), *told.split(",")]
    return [int(each) for each in texts if each.isascii() and each.isdigit()]


def _query(
    request: Request, *, required: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, str]:
    given = request.query()
    query = dict(given)
    if len(query) < len(given) or not required <= query.keys() <= required | optional:
        known = ", ".join(sorted(required | optional))
        raise BadQueryError(f"each once: {known}")
    return query


def _ids(told: str, name: str) -> list[int]:
    texts = told.split(",")
    if len(texts) > MOST_IDS or not all(each.isascii() and each.isdigit() for each in texts):
        raise BadQueryError(f"{name}: 1 to {MOST_IDS} ids, separated by commas")
    return [int(each) for each in texts]


def _fields(told: str) -> list[str]:
    fields = told.split(",") if told else []
    if not all(each.isupper() and each.lower() in FIELDS for each in fields):
        raise BadQueryError(f"expand: of {', '.join(sorted(each.upper() for each in FIELDS))}")
    return [each.lower() for each in fields]


def _number(query: dict[str, str], name: str, default: int) -> int:
    told = query.get(name, str(default))
    if not (told.isascii() and told.isdigit()):
        raise BadQueryError(f"{name}: a whole number from 0")
    return int(told)
