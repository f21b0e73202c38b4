"""From a number made of returns back to what valuation assumes.

What the market has priced stays, as for assumptions about the world: anchors, shares of differences
that prices recognise among them. An assumption then moves what every world is worth, what
shareholders ask for, and how fast prices come nearer to the model's value.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import Array
from numpy.typing import NDArray

from marketsim.model.priors import KINDS, link, transform
from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM, precise, processors
from marketsim.valuation import (
    Anchor,
    Sales,
    Valuation,
    ValuationAssumptions,
    Worth,
    enterprise_value,
    equity_return,
)
from marketsim.valuation.accounts import Accounts, Quotes
from marketsim.valuation.assumptions import ENTRIES
from marketsim.valuation.noisy import TRIED, noisy_return
from marketsim.valuation.returns import log_recognised
from marketsim.valuation.terms import terms_of
from marketsim.valuation.worlds import sales

from .chain import by_value, levels_of

__all__ = ["ANCHORED", "by_assumed", "portfolio_per_sd", "priors_of"]

FloatArray = NDArray[np.float64]

ANCHORED: Final = ("recognition_time", "regime_time")
"""Assumptions that anchors alone hang on: where these stay, they move nothing."""

FEW: Final = 250
"""Worlds whose values are differentiated together."""


def priors_of(valuation: Valuation) -> pd.DataFrame:
    """Return what valuation assumes: ``unit``, ``value``, ``sd`` of the prior there, ``meaning``.

    A standard deviation is that of the linked coordinate, in the assumption's own unit at its
    value.
    """
    rows = {}
    for one in ENTRIES:
        value = float(getattr(valuation.assumed, one.name))
        ((kind, _, spread),) = one.prior.coordinates(1)
        along = partial(transform, jnp.asarray(kind))
        with precise("float64"):
            at = jnp.asarray(link(KINDS[kind], value))
            slope = float(jax.jvp(along, (at,), (jnp.ones(()),))[1])
        rows[one.name] = (one.unit, value, spread * slope, one.meaning)
    columns = ["unit", "value", "sd", "meaning"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return found.rename_axis("assumption")


def portfolio_per_sd(
    valuation: Valuation, odds: FloatArray, weights: pd.Series
) -> pd.Series[float]:
    """Return what a prior standard deviation adds to a portfolio's expected return, [assumption].

    Parameters
    ----------
    valuation
        That made the returns.
    odds
        Of draws, [draw].
    weights
        By ticker; of what was not valued none counts.
    """
    valued = weights.reindex(valuation.economics.index).fillna(0.0)
    priors = priors_of(valuation)
    slopes = np.outer(odds, valued.to_numpy(dtype=float))
    moved = by_assumed(valuation, slopes) * priors["sd"].to_numpy(dtype=float)
    return pd.Series(moved, priors.index).drop(index=list(ANCHORED))


def by_assumed(valuation: Valuation, slopes: FloatArray) -> FloatArray:
    """Return derivatives of a sum over draws by what valuation assumes, [assumption].

    Parameters
    ----------
    valuation
        That made the returns.
    slopes
        Of the sum by what shares return, [draw, company].
    """
    with precise("float64"):
        through = by_value(valuation, slopes)
    rows = np.flatnonzero(np.abs(through).max(axis=1) > 0.0)
    with ThreadPoolExecutor(processors()) as pool:
        parts = list(pool.map(partial(_by_worth, valuation, through), _parts(rows, FEW)))
        blocks = _parts(np.arange(len(slopes)), TRIED)
        parts += list(pool.map(_by_what_is_asked(valuation, slopes), blocks))
    return np.asarray(np.sum(parts, axis=0))


def _parts(rows: NDArray[np.int_], size: int) -> list[NDArray[np.int_]]:
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _filled(rows: NDArray[np.int_], size: int) -> NDArray[np.int_]:
    """Return rows up to a size: the last again and again."""
    return rows[np.minimum(np.arange(size), len(rows) - 1)]


def _by_worth(v: Valuation, slopes: FloatArray, rows: NDArray[np.int_]) -> FloatArray:
    """Return what comes by the log of value of some worlds, [assumption]."""
    with precise("float64"):
        sold = sales(v.paths.draws[_filled(rows, FEW)], v.columns, v.expected)
        rest = leaf(np.asarray(v.anchor.rest))
        counted = _counted(slopes, rows, FEW)
        return _listed(_worth_back(v.assumed, v.accounts, v.quotes, rest, sold, counted))


def _by_what_is_asked(v: Valuation, slopes: FloatArray) -> Callable[[NDArray[np.int_]], FloatArray]:
    """Return what comes by returns of a block where worlds are worth what they are, [assumption].

    Noise is as drawn.
    """
    log = np.log(v.values + np.asarray(v.anchor.rest) * v.paths.draws.ordinary[:, v.columns])
    shift = np.asarray(v.shifts)[v.paths.regime]
    with precise("float64"):
        drawn, size = v.shocks, leaf(v.noise.size[-1])
        given = (v.assumed, v.accounts, v.quotes, jax.tree.map(leaf, v.anchor))
        levels = levels_of(drawn, v.noise)

    def of_block(rows: NDArray[np.int_]) -> FloatArray:
        at = _filled(rows, TRIED)
        with precise("float64"):
            worth = Worth(leaf(log[at]), leaf(shift[at]))
            chance = leaf(drawn[rows[0] : rows[0] + TRIED])
            counted = _counted(slopes, rows, TRIED)
            return _listed(
                _asked_back(*given, worth, v.horizon_years, chance, size, levels, counted)
            )

    return of_block


def _listed(slopes: ValuationAssumptions) -> FloatArray:
    """Return derivatives in the order of the assumptions, [assumption]."""
    return np.array([getattr(slopes, one.name) for one in ENTRIES], dtype=float)


def _counted(slopes: FloatArray, rows: NDArray[np.int_], size: int) -> FloatArray:
    """Return slopes of rows; those that fill them up to a size count for nothing."""
    return np.where((np.arange(size) < len(rows))[:, None], slopes[_filled(rows, size)], 0.0)


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _worth_back(
    assumed: ValuationAssumptions,
    accounts: Accounts,
    quotes: Quotes,
    rest: Array,
    sold: Sales,
    slopes: Array,
) -> ValuationAssumptions:
    def logs(a: ValuationAssumptions) -> Array:
        terms = terms_of(a, accounts, quotes)
        value = jax.vmap(enterprise_value, in_axes=(None, None, 0))(a, terms, sold)
        return jnp.log(value + rest * sold.ordinary)

    _, pull = jax.vjp(logs, assumed)
    found: ValuationAssumptions = pull(slopes)[0]
    return found


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _asked_back(
    assumed: ValuationAssumptions,
    accounts: Accounts,
    quotes: Quotes,
    anchor: Anchor,
    worth: Worth,
    years: Array | float,
    drawn: Array,
    size: Array,
    levels: Array,
    slopes: Array,
) -> ValuationAssumptions:
    mood = log_recognised(anchor, worth).mean(axis=1)

    def returned(a: ValuationAssumptions) -> Array:
        terms = terms_of(a, accounts, quotes)
        world = equity_return(a, terms, anchor, worth, years)
        return noisy_return(world, drawn, size, mood, levels)

    _, pull = jax.vjp(returned, assumed)
    found: ValuationAssumptions = pull(slopes)[0]
    return found
