"""From what worlds are worth to what a share returns; in JAX."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.smooth import bounded
from marketsim.model.tree import pytree

from .assumptions import ValuationAssumptions
from .statement import Sales, Terms, softplus

__all__ = [
    "Anchor",
    "Priced",
    "Worth",
    "anchored",
    "believed",
    "cost_of_equity",
    "drawn_in",
    "equity_return",
    "log_recognised",
    "recognition",
    "sales_of",
    "wealth",
    "yearly",
]

A = TypeVar("A", bound=Any)
"""An array of JAX or of NumPy."""

YEAR: Final = 4
"""Quarters in one."""

LEAST_WEALTH: Final = 0.02
"""What is left of a share at the worst."""

EXPECTED: Final = "expected_worth", "expected_use", "expected_compute", "expected_hurdle"
"""Means over worlds without shift: worth of all compute in use, USD bn, ln of tokens, and compute,
million H100e, [year], and what builders ask for, per year."""

SPENT: Final = (
    "contracted",
    "use",
    "hurdle",
    "capital_spending",
    "operating_spending",
    "depreciation",
    "write_down",
    "premium",
    "compute",
    "borrowers_spending",
    "borrowers_fleet",
)
"""Of worlds, and of modelled quarters: what statements of earnings take of the world."""

WIDEST_SHIFT: Final = 1.2
WIDEST_WITHIN: Final = 2.0
"""What a regime, and a world within it, may add to the log of value: past it prices say no more."""

HELD: Final = "revenue", "volumes", "inputs", "ordinary", "lives"
"""Of worlds: what statements take by company."""

BELIEVED: Final = 0.35
"""The most of a gap of the model's value over the market's, in logs, that is believed: what the
model puts at many times the market, or a small part of it, is a company that it does not know."""


@pytree
class Anchor:
    """What makes the market right on average, arrays [company].

    ``rest`` of enterprise value that the market pays for beyond the model's, per dollar of ordinary
    revenue in the last year: the model does not know why, and it goes with what is sold. The
    ``middle`` of the log of value, with that, over worlds without shift. Shares of
    differences between worlds that prices recognise within the horizon: ``by_regime`` of what sets
    regimes apart, ``within`` them of the rest. Means: of ``enterprise`` value as recognised, and
    over the worlds that the market prices of the ``equity`` that it leaves. ``gap``, ln of the
    model's value of equity over the market's, less that of the market as a whole.
    """

    rest: Array
    middle: Array
    by_regime: Array
    within: Array
    enterprise: Array
    equity: Array
    gap: Array


@pytree
class Worth:
    """What worlds are worth, [..., company].

    ``log_value`` of the enterprise, with what the market pays for beyond it; ``log_shift``, how
    much of that the world's regime accounts for, in its central world.
    """

    log_value: Array
    log_shift: Array


@pytree
class Priced:
    """Worlds that the market prices: what they are worth [world, company], and ``weights`` [world].

    Weights sum to one.
    """

    worth: Worth
    weights: Array


def sales_of(held: dict[str, Array], world: dict[str, Array]) -> Sales:
    """Return what worlds sell and spend by year.

    Parameters
    ----------
    held
        Of companies: ``revenue``, ``volumes``, ``inputs`` and ``lives``, sums of a year's quarters
        [..., year, company], and what is ``ordinary`` [..., company].
    world
        Quantities of the world: those of :data:`SPENT`, sums of a year's quarters [..., year]; and
        what is :data:`EXPECTED`.
    """
    return Sales(
        revenue=held["revenue"],
        volumes=held["volumes"],
        inputs=held["inputs"],
        ordinary=held["ordinary"],
        lives=held["lives"] / YEAR,
        contracted=world["contracted"],
        use=world["use"] / YEAR - world["expected_use"],
        expected=world["expected_worth"],
        beyond=1.0 - YEAR * world["expected_compute"] / world["compute"],
        capital_spending=world["capital_spending"],
        operating=world["operating_spending"],
        depreciation=world["depreciation"],
        write_down=world["write_down"],
        premium=world["premium"] / YEAR,
        borrowers=world["borrowers_spending"] / world["capital_spending"],
        borrowers_fleet=world["borrowers_fleet"] / YEAR,
        hurdle=world["hurdle"][..., -1] / YEAR - world["expected_hurdle"],
    )


def yearly(path: A) -> A:
    """Return sums over whole years, [..., year, company], of ``path`` [..., quarter, company].

    In float64: of NumPy arrays in any precision, of JAX where that is on.
    """
    years = path.shape[-2] // YEAR
    whole = path[..., : years * YEAR, :]
    split = whole.reshape(*path.shape[:-2], years, YEAR, path.shape[-1])
    sums: A = split.sum(axis=-2, dtype=np.float64)
    return sums


def cost_of_equity(a: ValuationAssumptions, terms: Terms) -> Array:
    """Return what shareholders ask for, per year, [company] (Sharpe 1964; betas shrunk)."""
    return a.risk_free + a.equity_premium * terms.beta


def recognition(time: Array, years: Array | float) -> Array:
    """Return the share of a difference between worlds that prices hold after so many ``years``."""
    return 1.0 - jnp.exp(-years / time)


def log_recognised(anchor: Anchor, worth: Worth) -> Array:
    """Return what sets enterprise value apart as prices have it at the horizon, [..., company].

    In logs; nothing in the middle of the worlds without shift.
    """
    own = bounded(worth.log_value - worth.log_shift - anchor.middle, WIDEST_WITHIN)
    shift = bounded(worth.log_shift, WIDEST_SHIFT)
    return anchor.by_regime * shift + anchor.within * own


def wealth(
    a: ValuationAssumptions, terms: Terms, anchor: Anchor, worth: Worth, years: Array | float
) -> Array:
    """Return what a share is worth after so many ``years``, before its mean is set right.

    Debt and cash stay what they are but for interest; a share is worth no less than nothing.
    """
    asked = terms.equity_share * cost_of_equity(a, terms)
    asked = asked + (1.0 - terms.equity_share) * a.risk_free
    relative = jnp.exp(log_recognised(anchor, worth)) / anchor.enterprise
    size = 1.0 / terms.equity_share
    left = size * jnp.exp(asked * years) * relative - (size - 1.0) * jnp.exp(a.risk_free * years)
    return LEAST_WEALTH + softplus(left - LEAST_WEALTH, 0.05)


def anchored(
    a: ValuationAssumptions,
    terms: Terms,
    anchor: Anchor,
    usual: Priced,
    priced: Priced,
    years: Array | float,
) -> Anchor:
    """Return an anchor with its means set right.

    That of enterprise value over ``usual`` worlds, of equity over those that are ``priced``: where
    the first are the same, other draws change what all shares of a company return by one factor.
    """
    half = replace(anchor, enterprise=usual.weights @ jnp.exp(log_recognised(anchor, usual.worth)))
    return replace(half, equity=priced.weights @ wealth(a, terms, half, priced.worth, years))


def equity_return(
    a: ValuationAssumptions, terms: Terms, anchor: Anchor, worth: Worth, years: Array | float
) -> Array:
    """Return what shares return in worlds, [..., company].

    On average over the worlds that the market prices it is the cost of equity, exactly, and what
    prices come nearer to the model's value within the horizon.
    """
    fair = jnp.exp(cost_of_equity(a, terms) * years)
    relative = wealth(a, terms, anchor, worth, years) / anchor.equity
    return fair * relative * jnp.exp(drawn_in(a, anchor, years)) - 1.0


def drawn_in(a: ValuationAssumptions, anchor: Anchor, years: Array | float) -> Array:
    """Return by how much prices come nearer to the model's value, in logs, [company]."""
    return -jnp.expm1(-a.pull * years) * believed(anchor.gap)


def believed(gap: Array) -> Array:
    """Return what of a ``gap`` counts: nearly all of a small one, `BELIEVED` of the widest.

    It rises throughout, so that a share is never expected to return less for being cheaper.
    """
    return gap / jnp.sqrt(1.0 + (gap / BELIEVED) ** 2)
