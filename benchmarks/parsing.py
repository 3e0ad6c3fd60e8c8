"""What does reading a webhook's body cost, amoCRM's own and the worst that anybody could send?

    python -m benchmarks.parsing --rounds 9

A hostile body has as many pairs and maps as are taken together, and is a MiB long where its pairs
leave room; of amoCRM's own there are two sizes, which shows whether time grows with the body.
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from urllib.parse import urlencode

from benchmarks.report import Report
from webhooks.parsing import MOST_MAPS, MOST_PAIRS, MOST_TOGETHER, UnparsableError, parse

MIB = 2**20
TARGET = 120
FIELDS = 16  # of a company in a body, as our exports have them
COMPANIES = (
    160  # four times as many are more than amoCRM sends at once, and have nearly MOST_MAPS maps
)
FEWER_PAIRS, FEWER_MAPS = MOST_TOGETHER - MOST_MAPS, MOST_TOGETHER - MOST_PAIRS
SHUFFLED = 7919  # a prime: neighbours in the body have nothing in common


def own(companies: int) -> bytes:
    """A hook about so many companies."""
    pairs = [("account[subdomain]", "shop"), ("account[id]", "29000001")]
    for place in range(companies):
        head = f"contacts[update][{place}]"
        pairs += [(f"{head}[id]", str(20_000_000 + place)), (f"{head}[name]", f"Магазин {place}")]
        pairs += [(f"{head}[last_modified]", "1600000000"), (f"{head}[type]", "company")]
        for field in range(FIELDS):
            path = f"{head}[custom_fields][{field}]"
            pairs += [(f"{path}[id]", str(593_000 + field)), (f"{path}[name]", f"Поле {field}")]
            pairs += [(f"{path}[values][0][value]", f"значение {field}")]
    return urlencode(pairs).encode()


def filled(pair: Callable[[int], bytes], count: int = MOST_PAIRS) -> bytes:
    """So many pairs, with values that make a MiB of them."""
    pairs = [pair(number) for number in range(count)]
    room = MIB - sum(map(len, pairs)) - count
    return b"&".join(each + b"x" * max(0, room // count) for each in pairs)


def in_order(maps: int, number: int) -> bytes:
    return b"a[%d][b]=" % (number % (maps - 1))


def in_no_order(maps: int, number: int) -> bytes:
    return b"a[%d][b][%d]=" % (number * SHUFFLED % (maps // 2 - 1), number)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Each takes another way through the parser."""
    yield "one key", filled(lambda _: b"a[b][c]=")
    yield "distinct keys", filled(lambda n: b"k%d=" % n)
    yield "distinct indices", filled(lambda n: b"a[%d]=" % n)
    yield "appended", filled(lambda _: b"a[]=")
    yield "bad keys", filled(lambda n: b"a[%d=" % n)
    yield "too deep", filled(lambda _: b"a[b][c][d][e][f][g][h][i]=")
    for maps, pairs in ((MOST_MAPS, FEWER_PAIRS), (FEWER_MAPS, MOST_PAIRS)):
        yield f"{maps} maps", filled(partial(in_order, maps), pairs)
        yield f"{maps} maps in no order", filled(partial(in_no_order, maps), pairs)
    turns = 2 * MOST_TOGETHER // 3  # every other one makes a map
    yield "values and maps in turn", filled(lambda n: b"a=" if n % 2 else b"a[b]=", turns)
    yield "escapes", (b"%25" * 4 + b"=%D0%&") * (MIB // 18)
    yield "no UTF-8", (b"%ff=%fe+++++++++&") * (MOST_PAIRS - 1)
    yield "ends of lines", (b"k=\n%0D%\n=======&") * (MOST_PAIRS - 1)


def milliseconds(body: bytes, rounds: int) -> float:
    """Of processor time, the median; the garbage collector does what it always does."""
    spent = []
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        try:
            parse(body)
        except UnparsableError:
            raise SystemExit("a body of this benchmark is over the limits") from None
        spent.append(1000 * (time.process_time() - began))
    return median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    report = Report("Parsing", pairs=MOST_PAIRS, maps=MOST_MAPS, **vars(given))
    bodies = [
        (f"amoCRM's, {COMPANIES} companies", own(COMPANIES)),
        (f"amoCRM's, {4 * COMPANIES} companies", own(4 * COMPANIES)),
        *((f"hostile: {name}", body) for name, body in hostile()),
    ]
    rows = []
    for name, body in bodies:
        found = milliseconds(body, given.rounds)
        size = len(body) / MIB
        rows.append((name, f"{size:.2f}", f"{found:.1f}", f"{found / size:.1f}", TARGET))
    report.table(("body", "MiB", "ms", "ms a MiB", "target"), rows)


if __name__ == "__main__":
    main()
