"""Whether derivatives foretell weights, for a quarter of a deviation of strong assumptions.

    python benchmarks/assumed_weights.py [--draws 10000] [--size 0.25] [--count 20]

All worlds are run and valued again with an assumption moved from the decision date on, prices
staying, and the decision is solved again, exactly. What is said beforehand is the best of the
quadratic model behind the derivatives, from the derivative of returns alone (a difference of runs a
hundredth as far) and from the returns of the moved worlds. Shares of the squared change of exact
weights that are explained, pooled and in the median.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import marketsim as ms

CAP = 0.15

NEAR = 0.01
"""Of a size, at which a difference is as good as a derivative."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--size", type=float, default=0.25)
    parser.add_argument("--count", type=int, default=20)
    asked = parser.parse_args()
    posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
    paths = ms.simulate(ms.load_scenarios(posterior), draws=asked.draws)
    returns = ms.revalue(paths, ms.load_prices(paths.companies))
    found = ms.runs.decide(returns, limits={"max_weight": CAP})
    best, choice = ms.derivatives.smoothed(found.choice), found.choice
    budget = float(best.sides["CVaR(0.95).at_most"])
    strongest = ms.sensitivities(choice).portfolio.head(asked.count)
    worlds = ms.valuation.MovedWorlds.of(returns.world)
    rows = {}
    for name in map(str, strongest.index):
        step = asked.size * ms.scenarios.direction(posterior, name)
        there = worlds.returns(step)
        slope = (worlds.returns(NEAR * step) - worlds.returns(-NEAR * step)) / (2.0 * NEAR)
        changes = {"derivative": slope, "returns": there - returns.returns}
        held = [np.pad(x, ((0, 0), (0, 1))) for x in changes.values()]  # cash earns what it did
        exact = again(choice, there, budget) - choice.weights
        said = [best.predicted(x) - best.weights for x in held]
        linear = best.jvp(held[0]).weights
        rows[name] = {
            "traded": 0.5 * exact.abs().sum(),
            "linear": explained(exact, linear),
            **{kind: explained(exact, x) for kind, x in zip(changes, said, strict=True)},
        }
        rows[name] |= {"square": float((exact**2).sum())}
    table = pd.DataFrame.from_dict(rows, orient="index")
    print(table.drop(columns="square").to_string(float_format="{:.3f}".format))
    squares = table["square"].to_numpy(float)
    weights = squares / squares.sum()
    for kind in ("linear", "derivative", "returns"):
        column = table[kind].to_numpy(float)
        pooled, middle = float(weights @ column), float(np.median(column))
        above = int((column >= 0.9).sum())
        print(
            f"{kind:12s} pooled {pooled:.3f}, median {middle:.3f}, {above} of {len(table)} at 0.9"
        )


def again(choice: Any, returns: np.ndarray, budget: float) -> pd.Series:
    """Return the weights of the same problem over other returns, solved exactly."""
    cash = np.asarray(choice.returns.returns)[:, returns.shape[1] :]
    moved = replace(choice.returns, returns=np.concatenate([returns, cash], axis=1))
    kept = [ms.limits.at_most(ms.CVaR(0.95), budget)]
    found = ms.allocate(
        moved,
        ms.ExpectedReturn(),
        max_weight=CAP,
        max_weights={"cash": 1.0},
        limits=kept,
        gap=1e-9,
    )
    return found.weights


def explained(exact: pd.Series, said: pd.Series) -> float:
    """Return the share of a squared change that is explained."""
    return 1.0 - float(((exact - said) ** 2).sum() / (exact**2).sum())


if __name__ == "__main__":
    main()
