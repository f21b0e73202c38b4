"""Write the table of observables in docs/calibration.md afresh, from the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from marketsim.observables import described

PAGE = Path(__file__).with_name("calibration.md")
MARKS = re.compile(r"(<!-- observables: begin[^\n]*-->\n).*?(<!-- observables: end)", re.DOTALL)


def main() -> None:
    table = "\n".join(described()) + "\n"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKS.sub(lambda found: found[1] + table + found[2], page), encoding="utf-8")


if __name__ == "__main__":
    main()
