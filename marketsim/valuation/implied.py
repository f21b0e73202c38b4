"""What prices imply: the growth, or the margin, at which the model's value is the market's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import Array

from marketsim.model.tree import leaf
from marketsim.simulation import Paths

from .accounts import sold_in
from .assumptions import ValuationAssumptions
from .statement import Sales, Terms, statement
from .worth import enterprise_value

__all__ = ["implied"]

GROWTH: Final = np.linspace(-0.40, 0.60, 41)
"""Per year, in logs, beyond the model's, of what is sold in the years simulated."""

MARGIN: Final = np.linspace(-0.60, 0.60, 25)
"""Of revenue, beyond the model's."""


def implied(
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

    ``model_growth`` of revenue from the first to the last year, per year, and ``model_margin``,
    profit before interest and tax over revenue in the last; ``implied_growth`` and
    ``implied_margin``, either of them alone such that value is the market's, NaN where none within
    forty points of growth or sixty of margin is; ``model_profit`` of the first year, USD bn.
    """
    sold = sold_in(paths.calibrated, 0, columns, expected)
    said = statement(assumed, terms, sold)
    owed = table["net_debt"].fillna(0.0)
    factor = ((table["market_cap"] + owed) / (table["model_value"] + owed)).to_numpy()
    value = factor * np.asarray(enterprise_value(assumed, terms, sold))
    grown = np.asarray(_grown(assumed, terms, sold, leaf(GROWTH)))
    widened = np.asarray(_widened(assumed, terms, sold, leaf(MARGIN)))
    revenue, profit = np.asarray(said.revenue), np.asarray(said.profit)
    growth = np.log(revenue[-1] / revenue[0]) / (len(revenue) - 1)
    margin = profit[-1] / revenue[-1]
    return {
        "model_profit": profit[0],
        "model_growth": np.expm1(growth),
        "implied_growth": np.expm1(growth + _crossing(GROWTH, grown, value)),
        "model_margin": margin,
        "implied_margin": margin + _crossing(MARGIN, widened, value),
    }


@jax.jit
def _grown(assumed: ValuationAssumptions, terms: Terms, sold: Sales, more: Array) -> Array:
    """Return enterprise value with ``more`` growth [case] of all that is sold, [case, company]."""
    years = jnp.arange(len(sold.revenue)) + 0.5

    def value(rate: Array) -> Array:
        factor = jnp.exp(rate * years)[:, None]
        last = sold.ordinary * factor[-1]
        return enterprise_value(
            assumed,
            terms,
            replace(
                sold,
                revenue=sold.revenue * factor,
                volumes=sold.volumes * factor,
                lives=sold.lives * factor,
                ordinary=last,
            ),
        )

    return jax.vmap(value)(more)


@jax.jit
def _widened(assumed: ValuationAssumptions, terms: Terms, sold: Sales, more: Array) -> Array:
    """Return enterprise value with ``more`` of revenue kept as profit, [case, company]."""

    def value(share: Array) -> Array:
        kept = share * sold.revenue
        raised = replace(sold, revenue=sold.revenue + kept, ordinary=sold.ordinary + kept[-1])
        return enterprise_value(assumed, terms, raised)

    return jax.vmap(value)(more)


def _crossing(grid: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return where rising ``values`` [case, company] meet the ``target`` [company]; NaN outside."""
    found = [
        np.interp(np.log(t), np.log(v), grid, left=np.nan, right=np.nan)
        if np.isfinite(t) and t > 0.0
        else np.nan
        for v, t in zip(np.maximum.accumulate(values).T, target, strict=True)
    ]
    return np.array(found)
