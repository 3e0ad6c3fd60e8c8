"""The invented organisations of the Directory, one deterministic function of (seed, number)."""

from typing import Any

from emulators.chance import fraction
from emulators.words import CITIES, SHOPS, STREETS

FIRST_PERMALINK = 1_000_000_001
ORGANIZATIONS = 300
DUPLICATE_EVERY = 10  # one in so many is a duplicate of the one before it
CHAIN_EVERY = 7
STATUSES = ("PUBLISH",) * 15 + ("MOVED", "TEMPORARILY_CLOSED", "CLOSED", "GEO_SPAM", "PUBLISH")
RUBRICS = {184106390: "Магазин автозапчастей", 184108083: "Кафе", 184105932: "Салон красоты"}


def seeded(seed: int) -> dict[int, dict[str, Any]]:
    """By permalink. Values of all fields, under the names that answers have them by."""
    found = {FIRST_PERMALINK + number: _organization(seed, number)
             for number in range(ORGANIZATIONS)}  # fmt: skip
    for permalink, each in found.items():
        if each["head_permalink"] != permalink:
            found[each["head_permalink"]]["duplicates"].append(permalink)
    return found


def blank(permalink: int) -> dict[str, Any]:
    """An organisation that has no more than it must."""
    return {
        "id": permalink,
        "head_permalink": permalink,
        "duplicates": [],
        "publishing_status": "PUBLISH",
        "names": [{"lang": "ru", "value": f"Организация {permalink}", "kind": "main"}],
        "address": None,
        "phones": [],
        "urls": [],
        "emails": [],
        "rubrics": [],
        "rubric_defs": {},
        "chain": None,
        "is_online": True,
        "work_intervals": [],
        "lk_link": None,
        "business_profile_link": None,
        "metrika_data": None,
        "owner_uids": [],
    }


def _organization(seed: int, number: int) -> dict[str, Any]:
    permalink = FIRST_PERMALINK + number
    duplicate = number % DUPLICATE_EVERY == DUPLICATE_EVERY - 1

    def one_of(what: str, choices: Any) -> Any:
        return choices[int(fraction(seed, number, what) * len(choices))]

    shop, city = one_of("shop", SHOPS), one_of("city", CITIES)
    rubric = one_of("rubric", sorted(RUBRICS))
    return {
        **blank(permalink),
        "head_permalink": permalink - 1 if duplicate else permalink,
        "publishing_status": one_of("status", STATUSES),
        "names": [
            {"lang": "ru", "value": f"{shop}, {city}", "kind": "main"},
            {"lang": "ru", "value": shop, "kind": "short"},
        ],
        "address": {
            "text": f"{city}, {one_of('street', STREETS)}, {number + 1}",
            "region_id": 1 + number % len(CITIES),
            "post_index": f"{101000 + number}",
            "lat": round(55 + fraction(seed, number, "lat"), 6),
            "lon": round(37 + fraction(seed, number, "lon"), 6),
        },
        "phones": [{"number": f"+7495{number:07}", "ext": None, "info": None, "type": "phone"}],
        "urls": [{"value": f"https://shop{number}.example/", "kind": "main"}],
        "emails": [f"shop{number}@mail.example"],
        "rubrics": [{"id": rubric, "main": True}],
        "rubric_defs": {str(rubric): {"ru": RUBRICS[rubric]}},
        "chain": None if number % CHAIN_EVERY else {"id": 6_000_000 + number, "name": shop},
        "is_online": False,
        "work_intervals": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}],
        "lk_link": f"https://directory.example/cabinet?id={permalink}",
        "business_profile_link": f"https://directory.example/profile/{permalink}",
        "metrika_data": None if number % 3 else {"counter_id": 40_000_000 + number},
        "owner_uids": [700_000 + number],
    }
