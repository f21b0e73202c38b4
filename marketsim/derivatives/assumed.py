"""From a number made of returns back to what valuation assumes.

What the market has priced stays, as for assumptions about the world: anchors, shares of differences
that prices recognise among them. An assumption then moves what every world is worth, what
shareholders ask for, and how fast prices come nearer to the model's value.
"""

from __future__ import annotations

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
from marketsim.precision import RUN_SELDOM, precise
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
from marketsim.valuation.noisy import TRIED, levels_at, noisy_return
from marketsim.valuation.returns import log_recognised
from marketsim.valuation.terms import terms_of
from marketsim.valuation.worlds import sales

from .chain import by_value

__all__ = ["ANCHORED", "by_assumed", "priors_of"]

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
        parts = [_by_worth(valuation, through, few) for few in _parts(rows, FEW)]
        parts += _by_what_is_asked(valuation, slopes)
    return np.array([sum(float(getattr(x, one.name)) for x in parts) for one in ENTRIES])


def _parts(rows: NDArray[np.int_], size: int) -> list[NDArray[np.int_]]:
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _filled(rows: NDArray[np.int_], size: int) -> NDArray[np.int_]:
    """Return rows up to a size: the last again and again."""
    return rows[np.minimum(np.arange(size), len(rows) - 1)]


def _by_worth(v: Valuation, slopes: FloatArray, rows: NDArray[np.int_]) -> ValuationAssumptions:
    """Return what comes by the log of value of some worlds."""
    sold = sales(v.paths.draws[_filled(rows, FEW)], v.columns, v.expected)
    rest = leaf(np.asarray(v.anchor.rest))
    counted = _counted(slopes, rows, FEW)
    back: ValuationAssumptions = _worth_back(v.assumed, v.accounts, v.quotes, rest, sold, counted)
    return back


def _by_what_is_asked(v: Valuation, slopes: FloatArray) -> list[ValuationAssumptions]:
    """Return what comes by returns where worlds are worth what they are; noise as drawn."""
    log = np.log(v.values + np.asarray(v.anchor.rest) * v.paths.draws.ordinary[:, v.columns])
    shift = np.asarray(v.shifts)[v.paths.regime]
    blocks = _parts(np.arange(len(slopes)), TRIED)
    drawn, size = v.shocks, leaf(v.noise.size[-1])
    levels = levels_at(leaf(drawn[:TRIED]), size)
    given = (v.assumed, v.accounts, v.quotes, jax.tree.map(leaf, v.anchor))
    found = []
    for place, rows in enumerate(blocks):
        at = _filled(rows, TRIED)
        worth = Worth(leaf(log[at]), leaf(shift[at]))
        chance = leaf(drawn[place * TRIED : (place + 1) * TRIED])
        counted = _counted(slopes, rows, TRIED)
        found.append(_asked_back(*given, worth, v.horizon_years, chance, size, levels, counted))
    return found


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
