"""Forecasts of past quarters against naive rivals, with the seconds they took.

    OMP_NUM_THREADS=1 python benchmarks/forecasts.py [--start DATE] [--end DATE] [--out FOLDER]

Needs the bench extra for exponential smoothing. Its fits are many and small, so threads of the
linear algebra library only get in each other's way.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from time import perf_counter

import marketsim as ms

TABLES = (
    "overall",
    "by_kind",
    "by_series",
    "by_origin",
    "by_group",
    "sums",
    "skill",
    "tests",
    "pit",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--start", default="2020-03-31", help="first origin")
    parser.add_argument("--end", default=None, help="last origin, by default the last there is")
    parser.add_argument("--out", type=Path, default=None, help="folder for the tables as CSV")
    asked = parser.parse_args()
    begun = perf_counter()
    scores = ms.score_forecasts(ms.load_facts(), start=asked.start, end=asked.end)
    seconds = perf_counter() - begun
    origins = scores.by_origin["origin"].nunique()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"{origins} origins in {seconds:.0f} s, {seconds / origins:.1f} s each\n")
    print(scores)
    print("\n2-4 quarters ahead, by series; skill over its own best rival")
    print(scores.series("marketsim").to_string(float_format="{:.3f}".format))
    if asked.out is not None:
        write(scores, asked.out)


def write(scores: ms.forecasting.Scores, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        getattr(scores, name).to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
