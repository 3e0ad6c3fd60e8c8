"""Counting what happens. One statement for all the counts of a piece of work."""

from collections.abc import Mapping

from operations import statements
from operations.models import Counter

# ORDER BY: two that count the same things take the rows in one order.
ADD = """
INSERT INTO operations_counter AS c (name, value)
SELECT * FROM unnest(%(names)s::text[], %(values)s::bigint[]) AS g(name, value) ORDER BY name
ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value
"""


def add(counts: Mapping[str, int]) -> None:
    """Add to each counter; those that are not there begin at nought."""
    counted = {name: count for name, count in counts.items() if count}
    if counted:
        names, values = list(counted), list(counted.values())
        statements.execute(ADD, {"names": names, "values": values})


def totals() -> dict[str, int]:
    """Every counter."""
    return dict(Counter.objects.values_list("name", "value"))
