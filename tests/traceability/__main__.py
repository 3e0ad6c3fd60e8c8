"""`make trace`: write docs/traceability.md, and fail where a requirement has no test."""

import sys

from tests.traceability import marks, table


def main() -> int:
    found = marks.collect(table.TESTS)
    table.TABLE.write_text(table.render(found), encoding="utf-8")
    gaps = list(table.gaps(found))
    for gap in gaps:
        sys.stderr.write(f"{gap}\n")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
