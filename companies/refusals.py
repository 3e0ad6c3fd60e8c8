"""Reading a 400: is it the items, or is a field gone from the account? Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.errors import FieldError, ValidationError
from companies.fields import CATEGORIES

NO_SUCH_CHOICE = "NotSupportedChoice"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`items`: position in the write -> its first complaint. `drifted`: a field or a select value
    that our table needs is missing in amoCRM, which is nobody's data's fault."""

    items: Mapping[int, FieldError]
    drifted: bool
    gone: frozenset[int] = frozenset()


def read(error: ValidationError, written: Sequence[Sequence[Mapping[str, object]]]) -> Refusal:
    """Sort the complaints of a 400 by position. `written`: each item's `custom_fields_values`.

    Names that are no positions of this write are ignored.
    """
    items: dict[int, FieldError] = {}
    gone: set[int] = set()
    drifted = False
    for name, complaints in error.items.items():
        if not name.isdecimal() or int(name) >= len(written) or not complaints:
            continue
        position = int(name)
        if any(complaint.path == "id" for complaint in complaints):
            gone.add(position)
            continue
        items[position] = complaints[0]
        drifted = drifted or any(_is_drift(c, written[position]) for c in complaints)
    return Refusal(items=items, drifted=drifted, gone=frozenset(gone))


def _is_drift(complaint: FieldError, values: Sequence[Mapping[str, object]]) -> bool:
    steps = complaint.path.split(".")
    if complaint.code != NO_SUCH_CHOICE or steps[0] != "custom_fields_values" or len(steps) < 3:
        return False
    if steps[2] in {"field_code", "field_id"}:
        return True
    if not steps[1].isdecimal() or int(steps[1]) >= len(values):
        return False
    return values[int(steps[1])].get("field_code") == CATEGORIES
