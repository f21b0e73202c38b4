"""What prices imply: the growth, or the margin, at which the model's value is the market's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import jax
import numpy as np
import pandas as pd
from jax import Array

from marketsim.model.tree import leaf
from marketsim.simulation import Paths

from .assumptions import ValuationAssumptions
from .changed import growing, keeping
from .last_year import growth_since
from .returns import YEAR
from .statement import Sales, Statement, Terms, statement
from .worlds import sold_in
from .worth import enterprise_value

__all__ = ["crossing", "reverse_dcf", "shortfall"]

GROWTH: Final = np.linspace(-0.40, 0.60, 41)
"""Per year, in logs, beyond the model's, of what is sold in the years simulated."""

MARGIN: Final = np.linspace(-0.60, 0.60, 25)
"""Of revenue, beyond the model's."""


def reverse_dcf(
    assumed: ValuationAssumptions,
    terms: Terms,
    paths: Paths,
    columns: np.ndarray,
    expected: Mapping[str, np.ndarray],
    table: pd.DataFrame,
) -> dict[str, np.ndarray]:
    """Return what the market's value implies, by name, [company].

    In the calibrated world; value there is less than its mean over worlds, so that it has to change
    by the factor that lies between the market's and that mean.

    ``model_growth`` of revenue from the last four quarters reported to the last year simulated, per
    year, and ``model_margin``, profit before interest and tax over revenue in all the years
    simulated, since one may be the trough of a cycle: both of revenue with what fleets earn beside
    it, as profit is (`Statement.total_revenue`). ``implied_growth`` and ``implied_margin``, what
    they are where all that is sold grows otherwise, or more of revenue is kept, either alone such
    that value is the market's, NaN where none within forty points of growth or sixty of margin is.
    More than all of revenue nobody keeps: where no margin up to one is enough,
    ``margin_shortfall`` is the share of the market's enterprise value that one leaves
    unexplained, else NaN. ``model_profit`` of the first year, USD bn.
    """

    def rate(said: Statement) -> np.ndarray:
        revenue = np.asarray(said.total_revenue)
        end = paths.quarter_ends[YEAR * len(revenue) - 1]
        return np.asarray(np.expm1(growth_since(table, revenue[-1], end)))

    sold = sold_in(paths.calibrated, 0, columns, expected)
    said = _said(assumed, terms, sold)
    owed = table["net_debt"].fillna(0.0)
    factor = ((table["market_cap"] + owed) / (table["model_value"] + owed)).to_numpy()
    grown = np.asarray(_grown(assumed, terms, sold, leaf(GROWTH)))
    value = factor * grown[np.abs(GROWTH).argmin()]
    widened = np.asarray(_widened(assumed, terms, sold, leaf(MARGIN)))
    revenue, profit = np.asarray(said.total_revenue), np.asarray(said.profit)
    margin = profit.sum(axis=0) / revenue.sum(axis=0)
    more = leaf(crossing(GROWTH, grown, value))
    implied_margin = margin + crossing(MARGIN, widened, value)
    short = shortfall(MARGIN, widened, value, 1.0 - margin)
    return {
        "model_profit": profit[0],
        "model_growth": rate(said),
        "implied_growth": rate(_said(assumed, terms, growing(sold, more))),
        "model_margin": margin,
        "implied_margin": np.where(implied_margin <= 1.0, implied_margin, np.nan),
        "margin_shortfall": np.where(implied_margin <= 1.0, np.nan, short),
    }


_said = jax.jit(statement)


@jax.jit
def _grown(assumed: ValuationAssumptions, terms: Terms, sold: Sales, more: Array) -> Array:
    """Return enterprise value with ``more`` growth [case] of all that is sold, [case, company]."""
    return jax.vmap(lambda rate: enterprise_value(assumed, terms, growing(sold, rate)))(more)


@jax.jit
def _widened(assumed: ValuationAssumptions, terms: Terms, sold: Sales, more: Array) -> Array:
    """Return enterprise value with ``more`` of revenue kept as profit, [case, company]."""

    def value(share: Array) -> Array:
        return enterprise_value(assumed, terms, keeping(assumed, terms, sold, share))

    return jax.vmap(value)(more)


def crossing(grid: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return where ``values`` [case, company] meet the ``target`` [company]; NaN where nowhere.

    Straight lines in logs between cases; of several crossings the one nearest to zero, the model's
    own: where growth costs more than it brings, value does not rise with it.
    """
    found = np.full(len(target), np.nan)
    for company, aim in enumerate(target):
        if np.isfinite(aim) and aim > 0.0:
            gap = np.log(values[:, company] / aim)
            first = np.flatnonzero(gap[:-1] * gap[1:] <= 0.0)
            left, right = gap[first], gap[first + 1]
            part = left / np.where(left == right, 1.0, left - right)
            at = grid[first] + part * (grid[first + 1] - grid[first])
            if len(at):
                found[company] = at[np.abs(at).argmin()]
    return found


def shortfall(
    grid: np.ndarray, values: np.ndarray, target: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """Return what ``values`` [case, company] at the ``most`` [company] leave of the ``target``.

    A share of it, [company], by the lines that `crossing` draws; NaN where the most lies beyond the
    grid, where the target is reached, or where there is none.
    """
    found = np.full(len(target), np.nan)
    for company, (aim, end) in enumerate(zip(target, most, strict=True)):
        if np.isfinite(aim) and aim > 0.0 and grid[0] <= end <= grid[-1]:
            reached = np.exp(np.interp(end, grid, np.log(values[:, company]))) / aim
            found[company] = 1.0 - reached if reached < 1.0 else np.nan
    return found
