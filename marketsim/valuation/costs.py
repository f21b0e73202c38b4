"""What a company's sales cost, what they are taxed and what their growth takes, by its accounts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from .past import Accounts, Past

__all__ = ["costs_of", "lasting_share", "sales_to_plant", "tax_rate", "worn"]

YEARS: Final = 5
"""Fiscal years averaged for the long run."""

STATUTORY: Final = 0.21

TAX_BAND: Final = (0.12, 0.30)
"""Effective rates outside it hold one-offs; most countries ask for 15 % since 2024, less credits
(OECD 2021, Pillar Two)."""

LEAST_COST: Final = 0.02
"""Cost of a dollar of volume, at the least."""

NORMAL_SALES_TO_PLANT: Final = 1.5
"""Where a company's own record says nothing (Damodaran, US median: 1.2 of all capital, of which
working capital is a sixth)."""

RECORD_AT: Final = 0.25
"""Growth over five years, of revenue before them, at which that record weighs as much."""

REPLACED: Final = 0.8
"""Share of capital spending that replaces what wears out, where no company's is known."""

MOST_SERVED: Final = 0.9
"""Share of a volume that own fleets serve, at the most: they were smaller then."""

KNOWN: Final = (
    "revenue",
    "volume",
    "served",
    "inputs",
    "margin",
    "cost",
    "long_run_cost",
    "overhead",
)


def costs_of(
    past: Past, ticker: str, accounts: Accounts, lasting: float, fleet: float, selling: float
) -> dict[str, Any]:
    """Return what a company's sales cost, without fleets and what is ``lasting``.

    By dollar of volume that the ``selling`` part of its ``fleet`` does not serve.
    """
    years = _years(accounts)
    if years.empty:
        return {**dict.fromkeys(KNOWN), "fiscal_year_end": pd.NaT, "missing": "accounts"}
    price, inputs = np.transpose([past.priced(ticker, end) for end in years.index])
    fleets, let = (
        np.nan_to_num([past.of_year(path, end) for end in years.index])
        for path in (past.fleets, past.let)
    )
    served = np.minimum(selling * let / years["revenue"].to_numpy(), MOST_SERVED * price)
    margin = years["profit"] / years["revenue"] + lasting
    overhead, known = _overhead(years, lasting)
    costs = 1.0 - margin - overhead - inputs - fleet * fleets / years["revenue"]
    by_volume = np.maximum(costs.to_numpy() / (price - served), LEAST_COST)
    # Charges come once and gains hardly ever: the better of the last year and the middle of three.
    now = min(by_volume[-1], float(np.median(by_volume[-3:])))
    last = float(years["revenue"].iloc[-1])
    return {
        "revenue": last,
        "volume": last * price[-1],
        "served": last * served[-1],
        "inputs": last * inputs[-1],
        "margin": float(margin.iloc[-1]),
        "cost": now,
        "long_run_cost": 0.5 * (now + by_volume[-YEARS:].mean()),
        "overhead": last * overhead,
        "fiscal_year_end": years.index[-1],
        "missing": "" if known else "gross profit",
    }


def _overhead(years: pd.DataFrame, lasting: float) -> tuple[float, bool]:
    """Return overhead over revenue, without what acquisitions are written off, and if it is known.

    Of the last year whose gross profit is known; nothing where none is.
    """
    known = ((years["gross"] - years["profit"]) / years["revenue"]).dropna()
    return (max(float(known.iloc[-1]) - lasting, 0.0), True) if len(known) else (0.0, False)


def _years(accounts: Accounts) -> pd.DataFrame:
    """Return revenue, gross and operating profit by fiscal year, at most the last five.

    Operating profit comes from net income before tax where that is all there is.
    """
    rate = tax_rate(accounts["effective_tax_rate"])
    before_tax = accounts["net_income"] / (1.0 - (rate if np.isfinite(rate) else STATUTORY))
    profit = accounts["operating_income"] if len(accounts["operating_income"]) else before_tax
    both = pd.concat(
        [accounts["revenue"], profit, accounts["gross_profit"]],
        axis=1,
        keys=["revenue", "profit", "gross"],
    )
    return both.dropna(subset=["revenue", "profit"]).iloc[-YEARS:]


def lasting_share(accounts: Accounts, upkeep: float) -> float:
    """Return depreciation that nothing is spent to replace, a share of revenue.

    Where it exceeds capital spending for years, the rest is of what was acquired, which nobody
    replaces; of buildings a part is replaced. Where no spending is reported all is replaced, but
    for what ``upkeep`` leaves.
    """
    names = ["depreciation_amortisation", "revenue", "capex"]
    told = [accounts[name] for name in names if len(accounts[name]) or name != "capex"]
    written = pd.concat(told, axis=1, join="inner").iloc[-3:]
    if written.empty:
        return 0.0
    off, revenue, *spent = written.sum()
    unreplaced = off - spent[0] if spent else 0.0
    return float(max(unreplaced, (1.0 - upkeep) * off, 0.0) / revenue)


def tax_rate(rates: pd.Series) -> float:
    """Return the middle of the last three effective ``rates``, within the band; NaN of none."""
    middle = float(rates.iloc[-3:].median()) if len(rates) else np.nan
    return float(np.clip(middle, *TAX_BAND)) if np.isfinite(middle) else np.nan


def worn(past: Past, accounts: Accounts, fleet: float, lasting: float) -> pd.Series:
    """Return depreciation that is replaced, without fleets', by fiscal year, USD bn.

    Years whose depreciation is not known take the mean share of revenue of those that are.
    """
    revenue, written = accounts["revenue"], accounts["depreciation_amortisation"]
    share = (written / revenue).dropna()
    if share.empty:
        return pd.Series(dtype=float)
    off = written.reindex(revenue.index).fillna(float(share.mean()) * revenue)
    own = np.nan_to_num([fleet * past.of_year(past.worn, end) for end in revenue.index])
    replaced: pd.Series = (off - lasting * revenue - own).clip(lower=0.0)
    return replaced


def sales_to_plant(revenue: pd.Series, spent: pd.Series, worn_out: pd.Series) -> float:
    """Return revenue gained per dollar of plant, net of what replaces what is ``worn_out``.

    By the record of five years, which counts as far as revenue grew, and what is normal.
    """
    net = spent - (worn_out if len(worn_out) else REPLACED * spent)
    both = pd.concat([revenue, net], axis=1, join="inner", keys=["revenue", "net"]).dropna()
    both = both.iloc[-YEARS - 1 :]
    if len(both) < 3:
        return np.nan
    first, last = both["revenue"].iloc[[0, -1]]
    usual = RECORD_AT * first
    plant = max(float(both["net"].iloc[1:].sum()), 0.0)
    gained = max(last - first, 0.0)
    return float((gained + usual) / (plant + usual / NORMAL_SALES_TO_PLANT))
