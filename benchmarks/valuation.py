"""What value costs: seconds of revalue by part, and a gradient of returns in forward passes.

    python benchmarks/valuation.py [--draws 10000]

The gradient is of the mean return of equal weights, by all assumptions in each of the worlds,
through market noise, what prices recognise, value, statements and the model from the decision date
on. The forward pass runs and values the same worlds. Ratios are figures to quote; seconds hang on
the machine.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

import marketsim as ms

REPEAT = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    asked = parser.parse_args()
    posterior = ms.calibrate(ms.load_facts(as_of="2025-12-31"))
    paths = ms.simulate(ms.load_scenarios(posterior), draws=asked.draws)
    prices = ms.load_prices(paths.companies)
    print(f"{platform.machine()}, {asked.draws:,} draws, {len(paths.companies)} companies")
    found = ms.revalue(paths, prices).world
    parts: dict[str, Callable[[], Any]] = {
        "revalue": partial(ms.revalue, paths, prices),
        "accounts": lambda: ms.valuation.economics(
            posterior.knowledge, posterior, paths.companies, found.assumed
        ),
        "sums by year": lambda: ms.valuation.worlds.sales(
            paths.draws, found.columns, found.expected
        ),
        "sums and values of draws": lambda: ms.valuation.worlds.values(
            found.assumed, found.terms, paths.draws, found.columns, found.expected
        ),
    }
    for name, part in parts.items():
        with ms.precision.precise("float64"):
            print(f"{name:28s}{seconds(part):8.2f} s")
    with ms.precision.precise("float64"):
        forward, reverse = (seconds(program) for program in gradient(found))
    print(f"{'worlds run and valued':28s}{forward:8.2f} s")
    print(f"{'a gradient of returns':28s}{reverse:8.2f} s")
    print(f"in forward passes {reverse / forward:8.2f}")


def gradient(found: Any) -> tuple[Callable[[], Any], ...]:
    """Return what runs and values all worlds drawn, and what differentiates a mean over them."""
    paths, posterior = found.paths, found.paths.scenarios.posterior
    ran = ms.simulation.again(paths)
    owner = np.asarray(posterior.setting.lines.owner)
    lives = np.exp(paths.deviation[paths.index])
    slopes = np.outer(paths.probabilities, np.full(len(found.columns), 1 / len(found.columns)))

    def forward() -> Any:
        keep = partial(ms.simulation.kept, owner)
        _, seen = ms.ensemble.ahead(ran.values, posterior.setting, ran.state, ran.news, keep)
        worlds = ms.simulation.outcomes(seen, lives)
        return ms.valuation.worlds.values(
            found.assumed, found.terms, worlds, found.columns, found.expected
        )

    return forward, partial(ms.derivatives.chain.by_draw, found, ran, slopes)


def seconds(run: Callable[[], Any]) -> float:
    """Return the median of several runs, after one that compiles."""
    run()
    return statistics.median(_timed(run) for _ in range(REPEAT))


def _timed(run: Callable[[], Any]) -> float:
    begun = perf_counter()
    run()
    return perf_counter() - begun


if __name__ == "__main__":
    main()
