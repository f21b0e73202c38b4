"""How much of what exact weights do their derivatives foretell, by the width of the smoothing.

    python benchmarks/predicted_weights.py runs/mine/returns.parquet [--size 0.25]

Reads the returns of a run and chooses weights as a run does: expected return within the CVaR of a
benchmark (equal weights here), at most 15 % in a name; and by expected return less 0.3 times CVaR,
and by least CVaR. Then it changes the returns, solves exactly again, and compares:

* every company's value in all draws by 2 % and down by as much,
* all companies' value in one regime by 6 %, up and down,
* the probability of one regime by a factor of 1.5, and its inverse,

each times `--size`, a quarter by default. Explained is 1 less the squares of what a prediction
misses over the squares of what exact weights change by: pooled over all changes, and the median of
each by itself. The budget moves with the benchmark's returns, and its side with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import marketsim as ms

FloatArray = NDArray[np.float64]

WIDTHS: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
LEVEL, CAP, AVERSION = 0.95, 0.15, 0.3
BUDGET: Final = f"CVaR({LEVEL}).at_most"


class Shift(NamedTuple):
    """A change of what weights are chosen from, and of the exact weights."""

    returns: FloatArray
    probabilities: FloatArray
    budget: float
    weights: FloatArray


def changed(base: ms.ReturnScenarios, size: float) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Returns [draw, company] and probabilities [draw] after each change."""
    returns, odds, regimes = base.returns, base.probabilities, base.regimes
    risky = returns.std(axis=0) > 0.0
    for sign in (size, -size):
        for company in np.flatnonzero(risky):
            only = np.arange(len(base.tickers)) == company
            yield (1.0 + returns) * np.exp(0.02 * sign * only) - 1.0, odds
        for regime in base.regime_names():
            there = (regimes == regime)[:, None] & risky
            yield (1.0 + returns) * np.exp(0.06 * sign * there) - 1.0, odds
            tilted = odds * np.where(regimes == regime, 1.5**sign, 1.0)
            yield returns, tilted / tilted.sum()


def budget_of(returns: FloatArray, odds: FloatArray) -> float:
    """CVaR of equal weights of all that moves."""
    risky = returns.std(axis=0) > 0.0
    outcomes = returns @ (risky / risky.sum())
    return ms.allocation.measures.conditional_value_at_risk(outcomes, odds, LEVEL)


def chosen(scenarios: ms.ReturnScenarios, aim: str, budget: float) -> Any:
    tail = ms.CVaR(LEVEL)
    if aim == "budget":
        kept = [ms.limits.at_most(tail, budget)]
        return ms.allocate(scenarios, ms.ExpectedReturn(), max_weight=CAP, limits=kept)
    terms = {"mean": ms.ExpectedReturn() - AVERSION * tail, "least": 1.0 * tail}
    return ms.allocate(scenarios, terms[aim], max_weight=CAP)


def shifts_of(base: ms.ReturnScenarios, aim: str, size: float) -> tuple[Any, list[Shift]]:
    budget = budget_of(base.returns, base.probabilities)
    choice = chosen(base, aim, budget)
    found = []
    for returns, odds in changed(base, size):
        there = ms.ReturnScenarios(returns, base.tickers, odds, base.regimes)
        other = budget_of(returns, odds)
        weights = chosen(there, aim, other).weights - choice.weights
        found.append(
            Shift(
                returns - base.returns,
                odds - base.probabilities,
                other - budget,
                weights.to_numpy(),
            )
        )
    return choice, found


def explained(changes: list[FloatArray], shifts: list[Shift]) -> tuple[float, float]:
    """Share of the squares of all changes of exact weights, and the median over changes."""
    missed = np.array(
        [((one - shift.weights) ** 2).sum() for one, shift in zip(changes, shifts, strict=True)]
    )
    moved = np.array([(shift.weights**2).sum() for shift in shifts])
    felt = moved > 1e-8
    return float(1.0 - missed.sum() / moved.sum()), float(np.median(1 - missed[felt] / moved[felt]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("returns", type=Path, help="returns.parquet of a run")
    parser.add_argument("--size", type=float, default=0.25)
    arguments = parser.parse_args()
    base = ms.ReturnScenarios.from_frame(pd.read_parquet(arguments.returns))
    for aim in ("budget", "mean", "least"):
        choice, shifts = shifts_of(base, aim, arguments.size)
        traded = np.median([np.abs(one.weights).sum() / 2 for one in shifts])
        print(f"\n{aim}: {len(shifts)} changes, {100 * traded:.1f} % of the book in the median")
        print(" width  distance   derivative: all, median   predicted: all, median")
        for width in WIDTHS:
            best = ms.derivatives.smoothed(choice, width=width)
            linear: list[FloatArray] = []
            ahead: list[FloatArray] = []
            for one in shifts:
                sides = {BUDGET: one.budget} if aim == "budget" else None
                change = best.jvp(one.returns, one.probabilities, sides)
                linear.append(np.asarray(change.weights, dtype=np.float64))
                there = best.predicted(one.returns, one.probabilities, sides)
                ahead.append(np.asarray(there - best.weights, dtype=np.float64))
            numbers = (*explained(linear, shifts), *explained(ahead, shifts))
            row = "".join(f"{number:>12.2f}" for number in numbers)
            print(f"{width:>6.2f} {best.distance:>9.4f} {row}", *best.degenerate)


if __name__ == "__main__":
    main()
