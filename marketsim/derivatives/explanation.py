"""Why one weight is what it is, and which assumptions would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.allocation.marginals import Optimum
from marketsim.allocation.names import check_known
from marketsim.errors import SolverError
from marketsim.scenarios import direction
from marketsim.simulation import again
from marketsim.valuation import MovedWorlds, Valuation

from .chain import by_draw
from .holding import valuation_of
from .local import transposed
from .sensitivities import listed, places
from .smoothed import SmoothedOptimum, smoothed
from .spreads import Spreads
from .story import with_unit
from .worth import by_term

__all__ = ["WeightExplained", "explain_weight"]

FloatArray = NDArray[np.float64]

STRONGEST: Final = 3
"""Assumptions that are told in words."""

STILL: Final = 1e-9
"""Derivatives by returns below which a weight answers to nothing."""

EVEN: Final = 1e-4
"""Reduced cost, in units of return, below which a company is as good as what is held."""

HAIR: Final = 0.05
"""Deviations that are none where one figure is told of them."""

STEP: Final = 0.1
"""Posterior deviations of an assumption that are told in words."""


@dataclass(frozen=True, eq=False, repr=False)
class WeightExplained:
    """Why a weight is what it is.

    Attributes
    ----------
    ticker, weight
        Of the company.
    reason
        Its row of :meth:`marketsim.allocation.Allocation.reasons`: what it earns, is charged for
        risk and limits, the limit that charges it most, its share of risk, and a sentence.
    answers
        Whether the weight moves with returns at all: not at a cap, a floor, or where only another
        would be chosen.
    assumptions
        By assumption, strongest first: ``unit``, ``value``, ``sd``, and per posterior standard
        deviation, in every world while prices stay, ``weight_per_sd``, of the best weight, or,
        where that answers to nothing, ``edge_per_sd``, of how much better (a loss: lower) a further
        unit of it makes the objective, all else as it is; then ``sds``, after how many of them it
        would leave its bound on that account alone. Of the strongest that a weight answers to,
        ``weight_change``: by how much the best weight, solved again, differs where worlds really
        have a tenth of a standard deviation more of it.
    bounds
        The floor and the cap of the weight, as the limits leave it.
    doubts
        What makes derivatives of the weights one-sided or arbitrary, a sentence each; see
        :class:`SmoothedOptimum`.
    """

    ticker: str
    weight: float
    reason: pd.Series
    answers: bool
    assumptions: pd.DataFrame
    bounds: tuple[float, float]
    doubts: tuple[str, ...]

    def __str__(self) -> str:
        told = [self._told(str(name), row) for name, row in self._strongest.iterrows()]
        head = f"{self.ticker} {100 * self.weight:.1f} %: {self.reason['sentence']}."
        doubts = [f"  Beware: {said}." for said in self.doubts]
        none = ["  No assumption would change that: none moves it."]
        return "\n".join([head, *(told or none), *doubts])

    def __repr__(self) -> str:
        moves = "answers to" if self.answers else "stands at a bound; nearest to move it"
        names = ", ".join(map(str, self._strongest.index)) or "nothing"
        return f"WeightExplained({self.ticker} {self.weight:.4f}, {moves} {names})"

    @property
    def _strongest(self) -> pd.DataFrame:
        """Assumptions that are told in words: those that do something."""
        size = self.assumptions["weight_per_sd" if self.answers else "edge_per_sd"].abs()
        return self.assumptions[size > STILL].head(STRONGEST)

    def _told(self, name: str, row: pd.Series) -> str:
        there = row["value"] + STEP * row["sd"]
        value = with_unit(f"{row['value']:.4g}", name, str(row["unit"]))
        moved = f"  {name} at {there:.4g} in place of {value}"
        if self.answers:
            return f"{moved}: {self._moved(float(row['weight_change']))}"
        cents = 100 * STEP * row["edge_per_sd"]
        edge = f"{moved}: a further dollar of it is worth {cents:+.2f} cents more"
        sds = float(row["sds"])
        if not np.isfinite(sds):
            return edge
        far = "a hair" if abs(sds) < HAIR else f"{sds:+.1f} standard deviations"
        return f"{edge}; by itself it would have to be {far} away"

    def _moved(self, change: float) -> str:
        """Say what becomes of the weight; smoothed weights may start nearer to a bound than it."""
        if not np.isfinite(change):
            return "no weights keep to the limits there"
        floor, cap = (bound - self.weight for bound in self.bounds)
        points = min(max(change, floor), cap)
        where = {floor: " (as far as its floor)", cap: " (as far as its cap)"}.get(points, "")
        return f"{100 * points:+.1f} points of weight{where}"


def explain_weight(ticker: str, choice: Allocation) -> WeightExplained:
    """Say why a company's weight is what it is, and which assumptions would change it.

    Parameters
    ----------
    ticker
        Of a company that the allocation could hold.
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`.

    Raises
    ------
    InputError
        For a company that is not there, returns made elsewhere, or a term without a derivative.
    """
    valuation = valuation_of(choice, "explain_weight")
    check_known("explain_weight", "company", [ticker], choice.returns.tickers)
    best = smoothed(choice)
    spreads = Spreads.of(valuation.paths.scenarios.posterior)
    by_return = best.vjp({ticker: 1.0}).returns
    reason = choice.reasons().loc[[ticker]].iloc[0]
    gap = float(reason["reduced_cost"])
    answers = bool(np.abs(by_return).max() > STILL) and abs(gap) < EVEN
    if not answers:
        by_return = edge_slopes(best, list(best.weights.index).index(ticker))
        by_return *= best.problem.direction  # a benefit, whether the objective is high or low
    total = by_draw(valuation, again(valuation.paths), listed(choice, by_return)).sum(axis=0)
    table = _table(spreads, total, None if answers else gap)
    if answers:
        some = table.index[table["weight_per_sd"].abs() > STILL][:STRONGEST]
        table["weight_change"] = _solved_again(choice, valuation, best, ticker, some)
    return WeightExplained(
        ticker=ticker,
        weight=float(choice.weights[ticker]),
        reason=reason,
        answers=answers,
        assumptions=table,
        bounds=_bounds(choice, ticker),
        doubts=best.degenerate,
    )


def _solved_again(
    choice: Allocation,
    valuation: Valuation,
    best: SmoothedOptimum,
    ticker: str,
    names: pd.Index,
) -> pd.Series[float]:
    """Return by how much the best weight differs a step of assumptions on, [name].

    Worlds are moved and valued again, and weights chosen again: a tenth of a deviation is far
    enough for other limits to be filled, of which no derivative knows.
    """
    posterior = valuation.paths.scenarios.posterior
    worlds = MovedWorlds.of(valuation)
    still = worlds.returns(np.zeros(len(posterior.entries)))
    found = pd.Series(np.nan, index=names)
    for name in names:
        moved = worlds.returns(STEP * direction(posterior, str(name))) - still
        try:
            found[name] = best.again(moved @ places(choice)).weights[ticker] - best.weights[ticker]
        except SolverError:
            continue  # no weights keep to the limits there
    return found


def _bounds(choice: Allocation, ticker: str) -> tuple[float, float]:
    """Return the least and the most that limits on its weight alone leave to a company."""
    optimum = cast(Optimum, choice.optimum)  # where a stored one has none, nothing was smoothed
    place = list(choice.weights.index).index(ticker)
    low, high = optimum.constraints.ranges
    return float(low[place]), float(high[place])


def edge_slopes(best: SmoothedOptimum, place: int) -> FloatArray:
    """Return derivatives by returns of what a further unit of a company adds to the value.

    [draw, company]; weights, and prices of limits, held.
    """
    unit = np.eye(len(best.weights))[place]
    given, terms = best.given, by_term(best.problem, best.at).values()
    return sum(
        (
            count * transposed(local, given.returns, given.probabilities, 0.0, unit)[0]
            for count, local in zip(best.counts, terms, strict=True)
        ),
        np.zeros(given.returns.shape),
    )


def _table(spreads: Spreads, total: FloatArray, gap: float | None) -> pd.DataFrame:
    column = "weight_per_sd" if gap is None else "edge_per_sd"
    found = spreads.described().assign(**{column: spreads.per_sd(total)})
    if gap is not None:
        found["sds"] = -gap / found[column].replace(0.0, np.nan)
    order = found[column].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order]
