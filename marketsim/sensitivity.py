"""What moves the result: derivatives of revenue and of portfolio value by every assumption.

The derivatives are of the future: history and the state it left stay as calibrated, and the
assumption changes from the decision date on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import Array

from marketsim.ensemble import future, histories
from marketsim.errors import InputError
from marketsim.model import Coordinates, Setting, Shocks, State, company_revenue
from marketsim.model.priors import transform
from marketsim.model.tree import leaf, pytree
from marketsim.precision import RUN_SELDOM, precise
from marketsim.scenarios import chosen, movable
from marketsim.valuation import (
    Anchor,
    Terms,
    Valuation,
    ValuationAssumptions,
    Worth,
    enterprise_value,
    equity_return,
    sales_of,
)
from marketsim.valuation.returns import SPENT, Priced, anchored, yearly

if TYPE_CHECKING:
    from marketsim.allocation import Allocation
    from marketsim.calibration import Posterior

__all__ = ["Sensitivities", "sensitivities"]

YEAR: Final = 4
"""Quarters over which revenue is summed."""


@pytree
class Handover:
    """The calibrated world at the decision date.

    Linked coordinates [entry], its state, and the news of the coming quarters [kind, quarter].
    """

    link: Array
    state: State
    coming: Array


@pytree
class Holding:
    """A portfolio as arrays: weights and positions of its companies, and what values them.

    ``lives`` is revenue over what the model has of it [quarter, company], ``expected`` what
    forecasts expect of the world.
    """

    weights: Array
    columns: Array
    lives: Array
    expected: dict[str, Array]
    assumed: ValuationAssumptions
    terms: Terms
    anchor: Anchor


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """Derivatives at the mode of the calibrated world, or of one regime.

    Attributes
    ----------
    portfolio
        By assumption, largest effect first: ``unit``, ``value``, ``sd`` (of the posterior, in that
        unit), ``portfolio_per_unit`` and ``portfolio_per_sd`` (change of the portfolio's return
        over the horizon, as a fraction of its value), ``meaning``.
    revenue
        Change of each company's revenue over the next four quarters per posterior standard
        deviation, as a fraction, [assumption x ticker].
    revenue_last_year
        The same over the last four simulated quarters.
    """

    portfolio: pd.DataFrame
    revenue: pd.DataFrame
    revenue_last_year: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Sensitivities({len(self.portfolio)} assumptions x {self.revenue.shape[1]} companies)"
        )

    def table(self) -> pd.DataFrame:
        """Return both in one table, revenue of the last year as `revenue_<TICKER>_per_sd`."""
        renamed = self.revenue_last_year.add_prefix("revenue_").add_suffix("_per_sd")
        return self.portfolio.join(renamed)

    def __str__(self) -> str:
        columns = ["unit", "value", "sd", "portfolio_per_sd"]
        return self.portfolio[columns].head(12).to_string(float_format="{:.4g}".format)


def sensitivities(choice: Allocation, regime: str | None = None) -> Sensitivities:
    """Return how a portfolio and its companies' revenue hang on every assumption.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`.
    regime
        Take derivatives at this regime's central world, by default at the calibrated one.

    Raises
    ------
    InputError
        When the returns were made elsewhere, so that no assumption stands behind them, or the
        regime is not among the scenarios.
    """
    valuation = choice.returns.world
    if not isinstance(valuation, Valuation):
        raise InputError(
            "sensitivities: these returns were not made by revalue, so no assumption stands "
            "behind them; allocate over ms.revalue(paths, prices)"
        )
    scenarios = valuation.paths.scenarios
    posterior = scenarios.posterior
    start = _starting_move(valuation, regime)
    tickers = list(valuation.economics.index)  # without cash, which hangs on none of them
    with precise("float64"):
        coordinates, setting = posterior.coordinates, posterior.setting
        last = handover(posterior)
        book = holding(valuation, choice.weights.reindex(tickers).fillna(0.0).to_numpy())
        quarters, years = len(valuation.paths.quarter_ends), valuation.horizon_years
        slopes = _slopes(jnp.asarray(start), last, coordinates, setting, book, quarters, years)
        value, near, far = (np.asarray(s) for s in slopes)
        levels, unit_slopes = map(np.asarray, _levels(jnp.asarray(start), last, coordinates))
    entries = posterior.entries
    keep = np.array([i for i, e in enumerate(entries) if movable(e)])
    spread = np.sqrt(np.diag(posterior.covariance)[: len(entries)])
    scale = np.array([e.scale for e in entries]) * spread
    names = pd.Index([entries[i].name for i in keep], name="assumption")
    portfolio = pd.DataFrame(
        {
            "unit": [entries[i].unit for i in keep],
            "value": levels[keep],
            "sd": (scale * unit_slopes)[keep],
            "portfolio_per_unit": (value / unit_slopes)[keep],
            "portfolio_per_sd": (value * scale)[keep],
            "meaning": [entries[i].meaning for i in keep],
        },
        index=names,
    )
    size = portfolio["portfolio_per_sd"].abs()
    order = size.sort_values(ascending=False, kind="stable").index
    tables = (
        pd.DataFrame((slope * scale)[:, keep].T, index=names, columns=tickers).loc[order]
        for slope in (near, far)
    )
    return Sensitivities(portfolio.loc[order], *tables)


def handover(posterior: Posterior) -> Handover:
    """Return the calibrated world at the decision date."""
    mode = histories(
        posterior.mode[None], posterior.coordinates, posterior.setting, lambda quarters: ()
    )
    found: Handover = jax.tree.map(
        lambda x: jnp.asarray(x[0]), Handover(leaf(mode.link), mode.state, leaf(mode.coming))
    )
    return found


def holding(valuation: Valuation, weights: np.ndarray) -> Holding:
    """Return ``weights`` [company] of what was valued, with what values it."""
    return Holding(
        weights=jnp.asarray(weights),
        columns=jnp.asarray(valuation.columns),
        lives=leaf(valuation.paths.calibrated.lives[0][:, valuation.columns].astype(float)),
        expected={name: leaf(np.asarray(x)) for name, x in valuation.expected.items()},
        assumed=valuation.assumed,
        terms=valuation.terms,
        anchor=jax.tree.map(leaf, valuation.anchor),
    )


def _starting_move(valuation: Valuation, regime: str | None) -> np.ndarray:
    scenarios = valuation.paths.scenarios
    if regime is None:
        return np.zeros(len(scenarios.posterior.entries))
    (name,) = chosen(scenarios.names, [regime])
    return np.asarray(scenarios.moves[scenarios.names.index(name)])


@partial(jax.jit, static_argnames=("quarters", "years"), compiler_options=RUN_SELDOM)
def _slopes(
    move: Array,
    last: Handover,
    coordinates: Coordinates,
    setting: Setting,
    book: Holding,
    quarters: int,
    years: float,
) -> tuple[Array, Array, Array]:
    """Return derivatives by ``move`` [entry] of :func:`outcome`: [entry], [company, entry] twice.

    Returns are measured against the central world at ``move`` itself, and a change of assumptions
    is recognised as that of a regime is.
    """

    def outcome(m: Array) -> tuple[Array, Array, Array]:
        revenue, value = valued(m, last, coordinates, setting, book, quarters)
        shift = value - jax.lax.stop_gradient(value)
        gained = returned(shift, book, years)
        near, far = revenue[:YEAR].sum(axis=0), revenue[-YEAR:].sum(axis=0)
        return book.weights @ gained, jnp.log(near), jnp.log(far)

    slopes: tuple[Array, Array, Array] = jax.jacfwd(outcome)(move)
    return slopes


def returned(shift: Array, book: Holding, years: float) -> Array:
    """Return what shares return in a world whose log value is ``shift`` [company] from the central.

    It differs from the central one as regimes do.
    """
    world = Worth(log_value=shift, log_shift=shift)
    return equity_return(book.assumed, book.terms, _about(book, years), world, years)


def _about(book: Holding, years: float) -> Anchor:
    """Return the anchor at which the central world is all that the market prices."""
    none = jnp.zeros((1, len(book.weights)))
    central = Priced(Worth(none, none), jnp.ones(1))
    return anchored(book.assumed, book.terms, book.anchor, central, central, years)


def valued(
    move: Array,
    last: Handover,
    coordinates: Coordinates,
    setting: Setting,
    book: Holding,
    quarters: int,
) -> tuple[Array, Array]:
    """Return what the holdings sell and are worth in the moved central world.

    Revenue, USD bn per quarter [quarter, company], and the log of enterprise value [company].
    """
    calm = Shocks(*jnp.pad(last.coming, ((0, 0), (0, quarters)))[:, :quarters])
    ahead = future(last.link + move, setting, last.state, calm, coordinates)

    def held(lines: Array) -> Array:
        return jax.vmap(lambda x: company_revenue(setting.lines, x))(lines)[:, book.columns]

    revenue, ordinary = held(ahead.lines) * book.lives, held(ahead.ordinary) * book.lives
    of_companies = {
        "revenue": yearly(revenue),
        "volumes": yearly(held(ahead.volumes) * book.lives),
        "inputs": yearly(held(ahead.inputs) * book.lives),
        "ordinary": ordinary[-YEAR:].sum(axis=0),
        "lives": yearly(book.lives),
    }
    world = {name: yearly(getattr(ahead, name)[:, None])[:, 0] for name in SPENT}
    sold = sales_of(of_companies, {**world, **book.expected})
    value = enterprise_value(book.assumed, book.terms, sold)
    return revenue, jnp.log(value + book.anchor.rest * sold.ordinary)


@jax.jit
def _levels(move: Array, last: Handover, coordinates: Coordinates) -> tuple[Array, Array]:
    """Return the assumptions at ``move`` and their derivatives by the link, [entry]."""
    link = last.link + move
    return jax.jvp(lambda x: transform(coordinates.kind, x), (link,), (jnp.ones_like(link),))
