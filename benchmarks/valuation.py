"""What value costs: seconds of revalue by part, and a gradient of returns in forward passes.

    python benchmarks/valuation.py [--draws 10000] [--worlds 100]

The gradient is of one company's mean return over worlds, by all assumptions of all of them, through
the model from the decision date on, statements, value and what prices recognise of it; the forward
pass gives the returns of all companies. Ratios are figures to quote; seconds hang on the machine.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import marketsim as ms

REPEAT = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--worlds", type=int, default=100)
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
        forward, reverse = (seconds(program) for program in gradient(found, asked.worlds))
    print(f"a gradient of returns, in forward passes {reverse / forward:8.2f}")


def gradient(found: Any, count: int) -> tuple[Callable[[], Any], ...]:
    """Return programs that give all returns of worlds, and those with a gradient of one."""
    posterior = found.paths.scenarios.posterior
    chain = importlib.import_module(ms.sensitivities.__module__)
    last, setting = chain.handover(posterior), posterior.setting
    book = chain.holding(found, np.ones(len(found.columns)))
    quarters, years = len(found.paths.quarter_ends), found.horizon_years
    spread = np.sqrt(np.diag(posterior.covariance)[: last.link.shape[0]])
    moves = jnp.asarray(np.random.default_rng(0).normal(size=(count, len(spread))) * 0.1 * spread)

    def returns(move: Array) -> Array:
        value = chain.valued(move, last, posterior.coordinates, setting, book, quarters)[1]
        found_returns: Array = chain.returned(value - jax.lax.stop_gradient(value), book, years)
        return found_returns

    def mean(moves: Array) -> tuple[Array, Array]:
        every = jax.vmap(returns)(moves)
        return every[:, 0].mean(), every

    programs = jax.jit(mean), jax.jit(jax.value_and_grad(mean, has_aux=True))
    return tuple(partial(_finished, program, moves) for program in programs)


def _finished(program: Callable[[Array], Any], moves: Array) -> None:
    for part in jax.tree.leaves(program(moves)):
        part.block_until_ready()


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
