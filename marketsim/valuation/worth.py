"""Mechanism 11: the present value of what is left to owners and lenders; in JAX."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import smooth

from .assumptions import ValuationAssumptions
from .statement import (
    Sales,
    Statement,
    Terms,
    capital_for,
    cost_at,
    softplus,
    statement,
    taxed,
    unserved,
)

__all__ = ["enterprise_value", "log_discount", "log_mood"]

FADE: Final = 20
"""Years after those simulated over which growth, scarcity and costs come to rest."""

GROWTH_BOUND: Final = 0.25
"""Most growth per year, in logs, with which the fade begins."""

LEAST_SPREAD: Final = 0.003
"""Of the rate over growth for ever, per year: from a few times as much on it is itself."""

EXIT: Final = 0.5
"""Of capital: what it is worth to others, once plans are worth less (Berger, Ofek and Swary 1996:
0.54 to 0.72 of plant, stocks and receivables)."""


def enterprise_value(a: ValuationAssumptions, terms: Terms, sold: Sales) -> Array:
    """Return enterprise value of one world, USD bn, above that of its parts, [company].

    Notes
    -----
    Free cash flow of the years simulated at their middle, less what borrowed funds cost above
    their risk; then twenty years in which growth, measured over the last two years' volumes, fades,
    what is scarce returns to ordinary prices and costs to their long run; then the value-driver
    formula (Koller, Goedhart and Wessels 2020). Betas return to one on the way (Blume 1975). Fleets
    are discounted by what their builders ask, whoever owns them (`log_mood`). A company whose plans
    are worth less than its capital to others sells that.
    """
    said = statement(a, terms, sold)
    count = len(sold.revenue)
    years = np.arange(count)[:, None] + 0.5
    kept = 1.0 - terms.tax_rate
    flows = said.free_cash_flow - said.premium * kept
    written = said.depreciation + said.write_down
    fleets = kept * (said.all_let - said.running - written) + written - said.capital_spending
    explicit = _present(a, terms, sold, years, flows, fleets).sum(axis=0)
    value = explicit + _after(a, terms, sold, said)
    left = EXIT * terms.capital
    return left + smooth.positive_part(value - left, left)


def _after(a: ValuationAssumptions, terms: Terms, sold: Sales, said: Statement) -> Array:
    """Return the present value of what comes after the years simulated, [company]."""
    count = len(sold.revenue)
    step = np.arange(1.0, FADE + 1.0)[:, None]
    recent = jnp.log(sold.volumes[-1] / sold.volumes[-3 if count > 2 else 0]) / min(count - 1, 2)
    first = GROWTH_BOUND * jnp.tanh(recent / GROWTH_BOUND)
    # Sums of a growth that fades by the same years: what fades is summed once, not world by world.
    faded = jnp.cumsum(jnp.exp(-a.growth_fade * step), axis=0)
    size = jnp.exp(a.terminal_growth * step + (first - a.terminal_growth) * faded)
    scarce = (sold.revenue[-1] - sold.inputs[-1] - sold.ordinary) * jnp.exp(-a.scarcity_fade * step)
    # Fleets are replaced as they wear out, and grow with the company.
    charged = 0.5 * (said.depreciation + said.write_down + said.capital_spending)[-1]
    other = unserved(sold.volumes[-1], said.served[-1])
    costs = cost_at(a, terms, count - 0.5 + step) * other + said.overhead[-1] + said.running[-1]
    profit = (sold.ordinary + scarce + said.from_fleets[-1] - costs - charged) * size
    grown = other * jnp.diff(size, axis=0, prepend=1.0)
    left = profit - taxed(terms, profit)
    flows = left - capital_for(a, terms, grown)
    fleets = (1.0 - terms.tax_rate) * (said.all_let[-1] - said.running[-1] - charged) * size
    fading = _present(a, terms, sold, count - 0.5 + step, flows, fleets).sum(axis=0)
    end = count + FADE - 0.5
    rate = _rate(a, terms, end)
    # Each year's a year after the one before, as in the years summed; asked is always something.
    above = softplus(rate - a.terminal_growth, LEAST_SPREAD)
    ever = (1.0 - a.terminal_growth / a.terminal_return) / jnp.expm1(above)
    return fading + _present(a, terms, sold, end, left[-1] * ever, fleets[-1] * ever)


def _present(
    a: ValuationAssumptions,
    terms: Terms,
    sold: Sales,
    years: float | np.ndarray,
    flows: Array,
    fleets: Array,
) -> Array:
    """Return the present value of ``flows`` in so many ``years``, in the shape of both.

    Of them what ``fleets`` bring, were they let: of that, and of the rest as far as it is exposed
    to AI, shareholders ask more where its builders do.
    """
    mood = log_mood(a, sold.hurdle, years, len(sold.revenue))
    valued = (flows - fleets) * jnp.exp(-terms.exposure * mood) + fleets * jnp.exp(-mood)
    return valued * jnp.exp(-log_discount(a, terms, years))


def _rate(a: ValuationAssumptions, terms: Terms, years: float) -> Array:
    """Return the rate at which cash is discounted, ``years`` from the decision date, [company]."""
    beta = 1.0 + (terms.beta - 1.0) * jnp.exp(-a.beta_reversion * years)
    spread = (1.0 - terms.equity_share) * a.debt_spread
    return a.risk_free + terms.equity_share * a.equity_premium * beta + spread


def log_mood(
    a: ValuationAssumptions, hurdle: Array, years: float | np.ndarray, count: int
) -> Array:
    """Return what a dollar of AI in so many ``years`` is discounted by besides, in logs.

    By the ``hurdle`` that its builders ask more than calibrated, per year: in the ``count`` years
    simulated as they do, and then as long as the mood lasts.
    """
    after = np.maximum(years - count, 0.0)
    lasted = years - after - jnp.expm1(-a.mood_reversion * after) / a.mood_reversion
    return a.hurdle_share * hurdle * lasted


def log_discount(a: ValuationAssumptions, terms: Terms, years: float | np.ndarray) -> Array:
    """Return what a dollar in so many ``years`` is discounted by, in logs.

    The integral of what equity and debt ask, as the beta returns to one.
    """
    returned = -jnp.expm1(-a.beta_reversion * years) / a.beta_reversion
    asked = a.equity_premium * (years + (terms.beta - 1.0) * returned)
    safe = (a.risk_free + (1.0 - terms.equity_share) * a.debt_spread) * years
    return safe + terms.equity_share * asked
