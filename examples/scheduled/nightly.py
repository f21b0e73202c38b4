"""The scenario run of the night, and why its allocation is not that of the night before.

    python nightly.py FOLDER [--prices yahoo] [--draws 10000]

FOLDER/2026-11-30 is the run of that decision date, report and all; comparison.txt in
FOLDER/2026-11-30-since says what is held otherwise than by the run before it, and which facts,
closes and settings made it so. A night without new closes changes nothing and exits with 75.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import marketsim as ms

LATER = 75


def main() -> int:
    """Run, compare, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prices", default="yahoo")
    parser.add_argument("--draws", type=int, default=10_000)
    asked = parser.parse_args()
    try:
        closes = ms.load_prices(source=asked.prices)
    except ms.errors.PriceError as error:
        print(error, file=sys.stderr)
        return LATER
    tonight = asked.folder / f"{closes.as_of:%Y-%m-%d}"
    earlier = sorted(record.parent for record in asked.folder.glob("*/run.json"))
    if tonight in earlier:
        print(f"{tonight} is there: no newer closes have come", file=sys.stderr)
        return LATER
    ms.runs.run(prices=asked.prices, as_of=closes.as_of, draws=asked.draws, out=tonight)
    if earlier:
        print(ms.runs.compare(earlier[-1], tonight, out=Path(f"{tonight}-since")))
    print(f"report: {tonight / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
