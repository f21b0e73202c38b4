"""Why one weight is what it is, and which assumptions would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.allocation.names import check_known
from marketsim.simulation import again

from .chain import by_draw
from .holding import valuation_of
from .local import transposed
from .sensitivities import listed
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
        would leave its bound on that account alone.
    """

    ticker: str
    weight: float
    reason: pd.Series
    answers: bool
    assumptions: pd.DataFrame

    def __str__(self) -> str:
        told = [self._told(str(name), row) for name, row in self._strongest.iterrows()]
        head = f"{self.ticker} {100 * self.weight:.1f} %: {self.reason['sentence']}."
        return "\n".join([head, *(told or ["  No assumption would change that: none moves it."])])

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
            points = 100 * STEP * row["weight_per_sd"]
            # A straight line knows no bounds: told as far as nothing.
            least = -100.0 * self.weight
            ends = " (as far as its floor)" if points < least else ""
            return f"{moved}: {max(points, least):+.1f} points of weight{ends}"
        cents = 100 * STEP * row["edge_per_sd"]
        edge = f"{moved}: a further dollar of it is worth {cents:+.2f} cents more"
        far = f"; by itself it would have to be {row['sds']:+.1f} standard deviations away"
        return edge + (far if np.isfinite(row["sds"]) else "")


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
    return WeightExplained(
        ticker=ticker,
        weight=float(choice.weights[ticker]),
        reason=reason,
        answers=answers,
        assumptions=_table(spreads, total, None if answers else gap),
    )


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
