"""What prices say of companies beside their accounts, and how far value is from them."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import jax.numpy as jnp
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model.tree import leaf
from marketsim.prices import Prices

from .accounts import Quotes
from .market_value import market_values
from .statement import Terms

__all__ = ["gap", "quoted", "quotes_of", "terms_in"]

EQUITY_SHARE: Final = 0.3, 1.5
"""Bounds of equity over enterprise value: beyond them shares are options on assets."""

HALVING: Final = "gross profit", "tax_rate", "sales_to_plant", "net_debt"
"""Gaps in accounts, each of which halves what is believed of value over price."""

LEAST_EQUITY: Final = 0.01
"""Of enterprise value: what equity is taken for, at the least, where it is held against prices."""


def quoted(table: pd.DataFrame, prices: Prices, known: Knowledge) -> pd.DataFrame:
    """Return economics with what prices say: ``beta``, ``market_cap`` and ``equity_share``.

    Betas are shrunk by a third towards one (Blume 1971). Where market value or debt is unknown it
    is left out of leverage, and `gaps` says so, and what of market value is unsure.
    """
    market = market_values(prices, known, list(table.index))
    cap = market["market_cap"]
    share = (cap / (cap + table["net_debt"])).clip(*EQUITY_SHARE)
    words = zip(table["gaps"], market["unsure"], strict=True)
    gaps = [", ".join(filter(None, both)) for both in words]
    return table.assign(
        beta=0.67 * prices.statistics.loc[table.index, "beta"].fillna(1.0) + 0.33,
        market_cap=cap,
        equity_share=share.fillna(1.0),
        gaps=gaps,
    )


def quotes_of(table: pd.DataFrame, prices: Prices) -> Quotes:
    """Return what prices say of the companies of a table as arrays [company]."""
    names = list(table.index)
    return Quotes(
        beta=leaf(table["beta"].to_numpy(dtype=float)),
        market_cap=leaf(table["market_cap"].to_numpy(dtype=float)),
        equity_share=leaf(table["equity_share"].to_numpy(dtype=float)),
        volatility=leaf(prices.statistics.loc[names, "volatility"].to_numpy()),
        correlation=leaf(prices.correlation.loc[names, names].to_numpy()),
        trust=leaf(0.5 ** table["gaps"].map(_unknown).to_numpy(dtype=float)),
    )


def _unknown(gaps: str) -> int:
    """Return how much of accounts is unknown, by what `gaps` says."""
    return len(set(HALVING) & set(gaps.split(", ")))


def terms_in(table: pd.DataFrame) -> Terms:
    """Return the economics of a table by ticker as arrays [company]; unknown debt is none."""
    found = table.assign(net_debt=table["net_debt"].fillna(0.0))
    return Terms(**{f.name: leaf(found[f.name].to_numpy(dtype=float)) for f in fields(Terms)})


def gap(terms: Terms, quotes: Quotes, enterprise: Array) -> Array:
    """Return ln of the model's value of equity over the market's, less that of all, [company].

    How dear the market is as a whole, the premium says. Nothing where market value is unknown, half
    of it for each part of accounts that is. In JAX; with a kink where equity is a hundredth of the
    ``enterprise`` value [company].
    """
    known = jnp.isfinite(quotes.market_cap)
    cap = jnp.where(known, quotes.market_cap, 1.0)
    value = enterprise - terms.net_debt
    ratio = jnp.maximum(value, LEAST_EQUITY * enterprise) / cap
    all_value, all_cap = (jnp.where(known, x, 0.0).sum() for x in (value, cap))
    some = known.any()
    whole = jnp.log(jnp.where(some, all_value, 1.0) / jnp.where(some, all_cap, 1.0))
    return jnp.where(known, quotes.trust * (jnp.log(ratio) - whole), 0.0)
