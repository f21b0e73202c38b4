"""Mechanism 11: the present value of a revenue path, in JAX."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import Array

from marketsim.model import YEARS
from marketsim.model.tree import pytree

MARGIN_REVERSION: Final = 0.20
"""Speed per year at which margins return to their long run."""
LEAST_CASH: Final = 0.10
"""Share of operating profit paid out however fast a company grows: someone finances the rest."""
TERMINAL_GROWTH: Final = 0.03
TERMINAL_RETURN: Final = 0.20
"""Return on new capital for ever after: growth costs growth / return of profit."""
FADE_YEARS: Final = 3.0
"""Half the time over which growth fades after the explicit years (the H-model, Fuller and Hsia
1984)."""
GROWTH_BOUND: Final = 0.25


@pytree
class Terms:
    """What turns revenue into value, arrays [company]; rates per year."""

    margin: Array
    long_run_margin: Array
    tax_rate: Array
    sales_to_capital: Array
    discount_rate: Array


def log_value(revenue: Array, terms: Terms) -> Array:
    """Return ln of enterprise value, USD bn, [company], of one world.

    Parameters
    ----------
    revenue
        USD bn per quarter, [quarter, company], from the first quarter after the decision date.
    terms
        Margins, tax, capital intensity and discount rates.

    Notes
    -----
    Operating profit after tax, less what growth costs at the company's own sales to capital; after
    the explicit quarters an H-model whose growth fades to 3 %. Free cash flow stays above a tenth
    of profit, so value is positive, and shrinking sets no capital free: it is stranded.
    """
    count = revenue.shape[0]
    years = YEARS * (jnp.arange(count)[:, None] + 0.5)
    profit = revenue * margin_at(terms, years) * (1.0 - terms.tax_rate)
    growth = jnp.diff(revenue, axis=0, prepend=2.0 * revenue[:1] - revenue[1:2])
    invested = positive_part(growth / YEARS / terms.sales_to_capital / profit, 0.05)
    paid = LEAST_CASH + positive_part(1.0 - invested - LEAST_CASH, 0.05)
    explicit = (profit * paid * jnp.exp(-terms.discount_rate * years)).sum(axis=0)
    end = count * YEARS
    last = profit[-1] / YEARS * margin_at(terms, end + FADE_YEARS) / margin_at(terms, years[-1])
    terminal = last * _terminal_multiple(revenue, terms) * jnp.exp(-terms.discount_rate * end)
    return jnp.log(explicit + terminal)


def positive_part(x: Array, width: float) -> Array:
    """Return a smooth max(x, 0) of the given ``width`` (softplus), whose tail is exponential."""
    return width * jax.nn.softplus(x / width)


def margin_at(terms: Terms, years: Array | float) -> Array:
    """Return operating margins ``years`` after the decision date."""
    left = jnp.exp(-MARGIN_REVERSION * years)
    return terms.long_run_margin + (terms.margin - terms.long_run_margin) * left


def _terminal_multiple(revenue: Array, terms: Terms) -> Array:
    recent = jnp.log(revenue[-1] / revenue[-5])
    growth = GROWTH_BOUND * jnp.tanh(recent / GROWTH_BOUND)
    paid = 1.0 - TERMINAL_GROWTH / TERMINAL_RETURN
    fading = 1.0 + TERMINAL_GROWTH + FADE_YEARS * (growth - TERMINAL_GROWTH)
    return paid * fading / (terms.discount_rate - TERMINAL_GROWTH)
