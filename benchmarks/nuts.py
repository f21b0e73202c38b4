"""The Laplace approximation of a calibration against NUTS: where they differ.

    python benchmarks/nuts.py [--as-of 2025-12-31] [--draws 500] [--warmup 300] [--chains 2]

Needs the extra `nuts`. Takes minutes: each chain runs on a core of its own. Means count as equal
within 0.2 posterior standard deviations; what does not is listed, with the reason if one shows.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import pandas as pd

import marketsim as ms

COLUMNS = ["laplace_mean", "nuts_mean", "gap", "error", "ratio", "skew", "ess", "rhat", "status"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as-of", default="2025-12-31")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--warmup", type=int, default=300)
    parser.add_argument("--chains", type=int, default=2)
    asked = parser.parse_args()
    posterior = ms.calibrate(ms.load_facts(as_of=asked.as_of))
    begun = perf_counter()
    draws = ms.calibration.sample_posterior(posterior, asked.draws, asked.warmup, asked.chains)
    walk = draws.chains
    print(f"{asked.chains} chains of {asked.draws} draws in {perf_counter() - begun:.0f} s")
    print(f"divergent {walk.divergent.sum()}, gradients per draw {walk.gradients.mean():.0f}")
    print(f"smallest ESS {walk.ess.min():.0f}, largest R-hat {walk.rhat.max():.3f}")
    table = ms.calibration.compare_laplace(posterior, draws)
    known = table["status"] != "prior"
    parts = {"pinned or informed": table[known], "prior": table[~known], "all": table}
    for name, rows in parts.items():
        print(f"{name:20s}{summary(rows)}")
    apart = table[~table["agrees"]].sort_values("gap", key=abs, ascending=False)
    print("\nMeans further apart than 0.2 posterior standard deviations:")
    with pd.option_context("display.width", 250, "display.max_colwidth", 70):
        print(apart[[*COLUMNS, "note"]].round(2).to_string() if len(apart) else "none")


def summary(rows: pd.DataFrame) -> str:
    low, middle, high = rows["ratio"].quantile([0.05, 0.5, 0.95])
    return (
        f"{len(rows):4d} assumptions, means agree for {rows['agrees'].mean():.1%}; "
        f"sd over NUTS's: median {middle:.2f}, 90 % in {low:.2f}-{high:.2f}"
    )


if __name__ == "__main__":
    main()
