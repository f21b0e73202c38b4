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

WRONG, LATER = 2, 75


def main() -> int:
    """Run, compare, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prices", default="yahoo")
    parser.add_argument("--draws", type=int, default=10_000)
    asked = parser.parse_args()
    try:
        return night(asked.folder, asked.prices, asked.draws)
    except ms.errors.MarketsimError as error:
        print(error, file=sys.stderr)
        away = isinstance(error, ms.errors.PriceError) and asked.prices == "yahoo"
        return LATER if away else WRONG


def night(folder: Path, prices: str, draws: int) -> int:
    """Make the run of the newest closes, and compare it with the one before."""
    day = ms.load_prices(source=prices).as_of
    tonight, since = folder / f"{day:%Y-%m-%d}", folder / f"{day:%Y-%m-%d}-since"
    nights = sorted(record.parent for record in folder.glob("20??-??-??/run.json"))
    earlier = [one for one in nights if one < tonight]
    if tonight in nights and (since.exists() or not earlier):
        print(f"{tonight} is there: no newer closes have come", file=sys.stderr)
        return LATER
    if tonight not in nights:
        ms.runs.run(prices=prices, as_of=day, draws=draws, out=tonight)
    if earlier:
        print(ms.runs.compare(earlier[-1], tonight, out=since))
    print(f"report: {tonight / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
