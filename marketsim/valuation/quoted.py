"""What prices say of companies beside their accounts, and how far value is from them."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.model.tree import leaf
from marketsim.prices import Prices

from .assumptions import ValuationAssumptions
from .market_value import market_values
from .returns import cost_of_equity
from .statement import Terms

__all__ = ["quoted", "terms_of", "valued"]

EQUITY_SHARE: Final = 0.3, 1.5
"""Bounds of equity over enterprise value: beyond them shares are options on assets."""


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


def valued(
    table: pd.DataFrame, assumed: ValuationAssumptions, terms: Terms, enterprise: np.ndarray
) -> pd.DataFrame:
    """Return economics with ``model_value`` of equity, USD bn, and its ``gap`` to the market.

    The gap is less that of all companies together: how dear the market is as a whole, the premium
    says. Nothing where market value is unknown.
    """
    value = enterprise - table["net_debt"].fillna(0.0).to_numpy()
    cap = table["market_cap"].to_numpy()
    ratio = np.maximum(value, 0.01 * enterprise) / cap
    known = np.isfinite(cap)
    whole = np.log((value[known].sum()) / cap[known].sum()) if known.any() else 0.0
    return table.assign(
        cost_of_equity=np.asarray(cost_of_equity(assumed, terms)),
        model_value=value,
        value_over_market=value / cap,
        gap=np.where(known, np.log(ratio) - whole, 0.0),
    )


def terms_of(table: pd.DataFrame) -> Terms:
    """Return the economics of a table by ticker as arrays [company]; unknown debt is none."""
    found = table.assign(net_debt=table["net_debt"].fillna(0.0))
    return Terms(**{f.name: leaf(found[f.name].to_numpy(dtype=float)) for f in fields(Terms)})
