"""What prices imply: the growth, or the margin, at which the model's value is the market's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jax
import numpy as np
from numpy.typing import NDArray

from marketsim.model.tree import leaf
from marketsim.precision import precise

from .changed import growing
from .few_worlds import WORLDS, FewWorlds
from .last_year import growth_since
from .returns import YEAR
from .roots import MET, roots
from .statement import Statement, statement
from .worlds import sold_in

if TYPE_CHECKING:
    from .valuation import Valuation

__all__ = ["GROWTH", "MARGIN", "market_enterprise", "most_margin", "reverse_dcf", "said_growing"]

FloatArray = NDArray[np.float64]

GROWTH: Final = -0.40, 0.60
"""Per year, in logs, beyond the model's, of what is sold: growth is looked for between them."""

MARGIN: Final = -0.60, 0.60
"""Of revenue, beyond the model's; and no margin above one."""


def reverse_dcf(valuation: Valuation, worlds: int = WORLDS) -> dict[str, FloatArray]:
    """Return what the market's value implies, by name, [company].

    Value is the mean over the worlds that the market prices: that of all worlds, changed as it is
    in the first so many. `marketsim.implied` asks of a company alone by the same equation.

    ``model_growth`` of revenue from the last four quarters reported to the last year simulated, per
    year, and ``model_margin``, profit before interest and tax over revenue in all the years
    simulated, since one may be the trough of a cycle: both of revenue with what fleets earn beside
    it, as profit is (`Statement.total_revenue`), in the calibrated world. ``implied_growth`` and
    ``implied_margin``, what they are where all that is sold grows otherwise, or more of revenue is
    kept, in every world, either alone such that value is the market's; NaN where none within forty
    points of growth less or sixty more, or sixty of margin, is. More than all of revenue nobody
    keeps: where no margin up to one is enough, ``margin_shortfall`` is the share of the market's
    enterprise value that one leaves unexplained, else NaN. ``model_profit`` of the first year, USD
    bn.
    """
    v, few = valuation, FewWorlds.of(valuation, worlds)
    market = market_enterprise(v)
    now = np.log(few.odds @ few.means / market)
    ends = np.ones_like(market)
    said = said_growing(v)
    revenue, profit = np.asarray(said.total_revenue), np.asarray(said.profit)
    margin = profit.sum(axis=0) / revenue.sum(axis=0)

    def gaps(cases: FloatArray, name: str) -> FloatArray:
        return np.log(np.stack([few.value(**{name: case}) for case in cases]) / market)

    more, left = roots(lambda x: gaps(x, "growth"), GROWTH[0] * ends, GROWTH[1] * ends, now)
    most = most_margin(margin)
    kept, short = roots(lambda x: gaps(x, "margin"), MARGIN[0] * ends, most, now)
    grown = np.asarray(said_growing(v, np.where(np.isfinite(left), more, 0.0)).total_revenue)
    end = v.paths.quarter_ends[YEAR * len(revenue) - 1]
    all_kept = (kept == most) & (most < MARGIN[1]) & (short < -MET)
    return {
        "model_profit": profit[0],
        "model_growth": np.expm1(growth_since(v.economics, revenue[-1], end)),
        "implied_growth": _met(np.expm1(growth_since(v.economics, grown[-1], end)), left),
        "model_margin": margin,
        "implied_margin": _met(margin + kept, short),
        "margin_shortfall": np.where(all_kept, -np.expm1(short), np.nan),
    }


def market_enterprise(valuation: Valuation) -> FloatArray:
    """Return enterprise value at market prices, USD bn, [company]; NaN where it is unknown."""
    table = valuation.economics
    found = table["market_cap"] + table["net_debt"].fillna(0.0)
    return np.asarray(found.where(found > 0.0).to_numpy(dtype=float))


def most_margin(margin: FloatArray) -> FloatArray:
    """Return what may be kept beside a ``margin`` at the most: all of revenue, or `MARGIN`."""
    return np.asarray(np.clip(1.0 - margin, 0.0, MARGIN[1]))


def said_growing(valuation: Valuation, more: FloatArray | float = 0.0) -> Statement:
    """Return the statement of the calibrated world where companies sell ``more``.

    Parameters
    ----------
    valuation
        Of the companies.
    more
        Per year in logs, from the decision date on, [company] or one for all.
    """
    v = valuation
    with precise("float64"):
        sold = sold_in(v.paths.calibrated, 0, v.columns, v.expected)
        said: Statement = _said(v.assumed, v.terms, growing(sold, leaf(np.asarray(more))))
    return said


def _met(implied: FloatArray, left: FloatArray) -> FloatArray:
    """Return what is implied where it explains the price, else NaN."""
    return np.where(np.abs(left) < MET, implied, np.nan)


_said = jax.jit(statement)
