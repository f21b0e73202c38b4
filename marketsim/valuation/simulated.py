"""Returns of draws by the million: simulated and valued a part at a time, and little kept of each.

Of a part there stays what each company is worth in each draw. What the market prices takes sums
over all draws, the means of enterprise value and of what shares are worth at the horizon, before
noise and with it; all are added up by blocks that hang on no part, without rounding between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.forecasting import Forecast
from marketsim.forecasting.projection import plain_forecast
from marketsim.knowledge import Facts, Knowledge
from marketsim.model.tree import leaf
from marketsim.precision import RUN_OFTEN, RUN_SELDOM, Precision, one_thread, precise
from marketsim.prices import Prices
from marketsim.renames import Tickers
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import Scenarios
from marketsim.simulation import QUARTERS, Outcomes, Part, Paths, parts, run_part, simulate
from marketsim.simulation.asked import require_seed

from .assumptions import ValuationAssumptions
from .basis import Anchoring, Basis, basis_of, horizon_years, priced_mix
from .chain import GROUPS, Draws, Valued, Year, brought, in_a_year
from .noise import noise
from .noisy import TRIED
from .recognised import for_horizon
from .returns import Anchor, Worth, anchored, wealth
from .statement import Terms
from .worlds import lifted, values, with_noise

__all__ = ["PartWorth", "simulate_returns"]

FloatArray = NDArray[np.float64]

ROWS: Final = 10 * TRIED
"""Draws whose returns are made together."""

Each = Callable[["PartWorth", list[Part]], Iterable[tuple[FloatArray, FloatArray]]]
"""As `map`: what is asked of each part, in order."""


def simulate_returns(
    scenarios: Scenarios,
    prices: Prices,
    draws: int = 1_000_000,
    horizon: str | float = "1y",
    seed: int = 0,
    facts: Facts | Knowledge | None = None,
    *,
    anchor: Anchoring = "mix",
    assumptions: Mapping[str, float] | None = None,
    quarters: int = QUARTERS,
    precision: Precision = "float64",
    forecast: Forecast | None = None,
    chunk: int = 5_000,
    each: Each = map,
    progress: Callable[[str], None] = lambda step: None,
) -> ReturnScenarios:
    """Return what `revalue` does of the draws of `simulate`, in the memory of a part of them.

    Beside a part there are 8 bytes for each draw and company, twice where they are handed over. A
    draw is the same whatever their number, but for the anchor and the level of noise, and whatever
    the parts.

    Parameters
    ----------
    scenarios, draws, seed, quarters, precision, forecast
        As for :func:`marketsim.simulate`.
    prices, horizon, facts, anchor, assumptions
        As for :func:`marketsim.revalue`.
    chunk
        Draws in a part, about.
    each
        Who makes parts: takes a function and a list and gives an iterable, as the `map` of a pool
        of spawned processes or of a cluster does; by default this process, one after the other.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    ReturnScenarios
        Over the companies priced. No world stands behind them: what asks for one, as sensitivities
        do, takes returns from :func:`marketsim.revalue`.

    Raises
    ------
    InputError
        As both do.
    """
    mix, years = priced_mix(anchor), horizon_years(horizon)
    require_seed(seed)
    share, some = parts(scenarios, draws, chunk)
    said = plain_forecast(scenarios.posterior) if forecast is None else forecast
    progress("worlds without shift")
    usual = simulate(scenarios, len(scenarios.regimes), seed, quarters, precision, said)
    with precise("float64"):
        basis = basis_of(usual, prices, facts, assumptions)
        market = _Market(basis, usual, mix)
        odds = scenarios.probabilities / np.bincount(share.regime)
        worth = PartWorth(
            scenarios,
            said,
            seed,
            quarters,
            precision,
            basis,
            odds,
            np.asarray(market.year.anchor.rest),
        )
        logs = np.empty((draws, len(basis.table)))
        sums: list[FloatArray] = []
        for n, (part, found) in enumerate(zip(some, each(worth, some), strict=True), 1):
            logs[part.rows], by_block = found
            sums += [*by_block]
            progress(f"worlds {n} of {len(some)} parts")
        market.price(_exact(sums))
        market.fill(logs, share.regime, odds, years, prices, seed)
    return ReturnScenarios(
        returns=logs,
        tickers=Tickers(basis.table.index, scenarios.posterior.knowledge.universe.renames),
        probabilities=share.probabilities,
        regimes=np.take(np.array(scenarios.names), share.regime),
        layers=basis.layers,
        horizon_years=years,
    )


@dataclass(frozen=True, eq=False, repr=False)
class PartWorth:
    """What companies are worth in the draws of a part, made wherever it is called.

    Attributes
    ----------
    scenarios, forecast, seed, quarters, precision
        Of the draws.
    basis
        By which companies are valued.
    odds
        Of a draw, by its regime, [regime].
    beyond
        What the market pays for beyond the model's value, per dollar of ordinary revenue,
        [company].
    """

    scenarios: Scenarios
    forecast: Forecast
    seed: int
    quarters: int
    precision: Precision
    basis: Basis
    odds: FloatArray
    beyond: FloatArray

    def __call__(self, part: Part) -> tuple[FloatArray, FloatArray]:
        """Return the log of enterprise value with what is beyond the model's, [draw, company].

        And what draws add to the mean of enterprise value, by block of pasts, [block, company].
        """
        b = self.basis
        worlds = run_part(
            self.scenarios, part, self.seed, self.quarters, self.precision, self.forecast
        )
        value = values(b.assumed, b.terms, worlds, b.columns, b.expected)
        weights = self.odds[part.regime]
        with one_thread():
            sums = [weights[few] @ value[few] for few in part.blocks()]
        ordinary = worlds.ordinary[:, b.columns].astype(np.float64)
        return np.log(value + self.beyond * ordinary), np.stack(sums)


class _Market:
    """What the market prices, known from worlds without shift but for means over the draws."""

    def __init__(self, basis: Basis, usual: Paths, mix: bool) -> None:
        self.basis, self.mix = basis, mix
        odds = usual.scenarios.probabilities
        # One stands for all: its value is their mean.
        priced = odds if mix else 0.0 * odds
        self.draws = Draws(*map(leaf, (np.zeros(1, dtype=int), np.ones(1), odds, priced)))
        self.groups = {name: self._valued(getattr(usual, name)) for name in GROUPS[1:]}
        self.groups[GROUPS[0]] = self.groups["calibrated"]
        self.year = self._year()

    def _valued(self, worlds: Outcomes) -> Valued:
        b = self.basis
        value = values(b.assumed, b.terms, worlds, b.columns, b.expected)
        return Valued(leaf(value), leaf(worlds.ordinary[:, b.columns].astype(float)))

    def _year(self) -> Year:
        b = self.basis
        year: Year = _in_a_year(b.assumed, b.terms, b.quotes, self.draws, self.groups, self.mix)
        return year

    def price(self, enterprise: FloatArray) -> None:
        """Take the mean of enterprise value over the draws, USD bn, [company]."""
        if self.mix:
            one = replace(self.groups["calibrated"], value=leaf(enterprise[None]))
            self.groups[GROUPS[0]] = one
            self.year = self._year()

    def fill(
        self,
        logs: FloatArray,
        regime: NDArray[np.int_],
        odds: FloatArray,
        years: float,
        prices: Prices,
        seed: int,
    ) -> None:
        """Put what shares return in place of the log of enterprise value, [draw, company]."""
        b, shifts = self.basis, np.asarray(self.year.centres.log_shift)
        blocks = [slice(i, i + ROWS) for i in range(0, len(logs), ROWS)]

        def worth(few: slice) -> Worth:
            return Worth(leaf(logs[few]), leaf(shifts[regime[few]]))

        anchor = _anchored(b.assumed, b.terms, self.year, years)
        if self.mix:
            sums = (
                _wealth(b.assumed, b.terms, anchor, worth(few), leaf(odds[regime[few]]), years)
                for few in blocks
            )
            anchor = replace(anchor, equity=leaf(_exact([np.asarray(one) for one in sums])))
        left, means = None, []
        for few in blocks:
            year = replace(self.year, drawn=worth(few))
            ahead = _brought(b.assumed, b.terms, self.draws, year, anchor, years)
            if left is None:
                explained, names = np.asarray(ahead.explained)[None], list(b.table.index)
                volatility = np.asarray(b.quotes.volatility)
                left = noise(b.assumed, explained, volatility, prices, names, [years])
            world, mood = np.asarray(ahead.returns)[None], np.asarray(ahead.mood)
            (logs[few],) = with_noise(world, left, mood, seed, few.start)
            with one_thread():
                mean = [odds[regime[few]] @ one for one in (logs[few], world[0])]
            means.append(np.concatenate(mean))
        noisy, plain = np.split(np.log1p(_exact(means)), 2)
        for few in blocks:
            (logs[few],) = lifted(logs[few][None], (plain - noisy)[None])


def _exact(sums: list[FloatArray]) -> FloatArray:
    """Return the sum of arrays, rounded once: in whatever order they come."""
    return np.array([math.fsum(column) for column in zip(*sums, strict=True)])


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _anchored(a: ValuationAssumptions, terms: Terms, year: Year, years: float) -> Anchor:
    """Return the anchor of a horizon; its mean of equity is that of the worlds in the year."""
    blank = for_horizon(year.anchor, a, years)
    return anchored(a, terms, blank, year.usual, year.priced, years)


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _wealth(
    a: ValuationAssumptions,
    terms: Terms,
    anchor: Anchor,
    worth: Worth,
    weights: Array,
    years: float,
) -> Array:
    """Return what draws add to the mean of what shares are worth at the horizon, [company]."""
    return weights @ wealth(a, terms, anchor, worth, years)


_in_a_year = jax.jit(in_a_year, static_argnames="mix", compiler_options=RUN_SELDOM)
_brought = jax.jit(brought, compiler_options=RUN_OFTEN)
