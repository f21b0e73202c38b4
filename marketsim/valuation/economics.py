"""What turns a company's revenue into cash, as its own accounts have it on a date."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.knowledge import Facts, Knowledge
from marketsim.knowledge.currency import in_usd

from .assumptions import ValuationAssumptions
from .costs import (
    NORMAL_SALES_TO_PLANT,
    STATUTORY,
    costs_of,
    lasting_share,
    sales_to_plant,
    tax_rate,
    worn,
)
from .past import Accounts, Past

__all__ = ["economics"]

ITEMS: Final = (
    "revenue",
    "gross_profit",
    "operating_income",
    "net_income",
    "effective_tax_rate",
    "depreciation_amortisation",
    "capex",
    "cash_and_equivalents",
    "cash_and_st_investments",
    "total_debt",
)

LANDLORDS: Final = "leases"
"""The layer whose buildings outlast their depreciation."""

SURE: Final = 1.35
"""Shares of owners together above which their spending was not on AI alone."""

UNSURE: Final = "fleet"

NONE: Final = pd.Series(dtype=float, index=pd.DatetimeIndex([]))


def economics(
    knowledge: Knowledge,
    posterior: Posterior,
    companies: tuple[str, ...],
    assumed: ValuationAssumptions,
) -> pd.DataFrame:
    """Return each company's economics as known on the date of ``knowledge``.

    Parameters
    ----------
    knowledge
        Fiscal-year figures, and the newest quarterly ones of debt and capital spending, are read
        from it.
    posterior
        Its history tells the prices of each fiscal year, and what the world's fleets cost then.
    companies
        Tickers.
    assumed
        For the upkeep of buildings, and what compute is let at.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``revenue`` of the last fiscal year, USD bn, its ``volume``, what of that is
        ``served`` by own fleets, ``inputs`` that are passed on, and how many years ``since`` it
        ended; ``margin`` (operating, before what acquisitions are written off), ``cost`` per dollar
        of volume that no fleet serves, now and in the long run (half its mean over five years),
        ``overhead`` (USD bn), ``tax_rate``, ``sales_to_plant``, ``fleet`` (share of the world's
        spending on AI sites), ``capital`` in all (USD bn), ``net_debt`` (USD bn, NaN where it is
        unknown), ``fiscal_year_end``. A gap takes the median of the layer, else of all, and is
        listed in ``gaps``.
    """
    items = {item: _wide(knowledge, f"annual_{item}") for item in ITEMS}
    spent, owed = _wide(knowledge, "quarterly_capex"), _wide(knowledge, "debt_outstanding")
    ends = pd.concat([spent, *items.values()]).index.unique()
    past = Past.of(posterior, assumed, pd.DatetimeIndex(ends))
    layers = knowledge.universe.companies["layer"]
    rows: dict[str, dict[str, object]] = {}
    known = {t: {item: _of(items[item], t) for item in ITEMS} for t in companies}
    fleets = {t: past.fleet(t, known[t], _of(spent, t)) for t in companies}
    # As long as AI was small, spending beyond the usual was on other things: no more than all.
    too_much = max(sum(fleet for fleet, _ in fleets.values()), 1.0)
    unsure = too_much > SURE
    for ticker, accounts in known.items():
        upkeep = float(assumed.lease_upkeep) if layers.get(ticker) == LANDLORDS else 1.0
        fleet, other = fleets[ticker][0] / too_much, fleets[ticker][1]
        lasting = lasting_share(accounts, upkeep)
        replaced = worn(past, accounts, fleet, lasting)
        uses = past.uses(ticker, fleet)
        costs = costs_of(past, ticker, accounts, lasting, fleet, fleet - uses["spare"])
        turned = sales_to_plant(accounts["revenue"], other, replaced)
        missing = [costs["missing"], UNSURE if fleet and unsure else ""]
        rows[ticker] = {
            **costs,
            "since": (posterior.as_of - costs["fiscal_year_end"]) / pd.Timedelta(days=365.25),
            "tax_rate": tax_rate(accounts["effective_tax_rate"]),
            "sales_to_plant": turned,
            "fleet": fleet,
            "missing": ", ".join(filter(None, missing)),
            **uses,
            "net_debt": _net_debt(accounts, _of(owed, ticker)),
        }
    table = _filled(pd.DataFrame.from_dict(rows, orient="index"), layers)
    plant = (table["volume"] - table["served"]) / table["sales_to_plant"]
    stocks = float(assumed.working_capital) * table["revenue"]
    return table.assign(capital=plant + stocks + table["fleet"] * past.book)


def _wide(facts: Facts | Knowledge, quantity: str) -> pd.DataFrame:
    """Return values by date and entity, amounts in USD bn, rates as they are."""
    rows = facts.select(quantity)
    size = np.where(rows["unit"] == "fraction", 1.0, 1e-3)
    rows = rows.assign(value=in_usd(rows) * size)
    return rows.pivot(index="date", columns="entity", values="value").sort_index()


def _of(wide: pd.DataFrame, ticker: str) -> pd.Series:
    return wide[ticker].dropna() if ticker in wide.columns else NONE


def _net_debt(accounts: Accounts, quarterly: pd.Series) -> float:
    """Return debt less cash at the newest dates; NaN where no debt was ever reported."""
    debt = _newest(accounts["total_debt"], quarterly)
    cash = _newest(accounts["cash_and_equivalents"], accounts["cash_and_st_investments"])
    return debt - (0.0 if np.isnan(cash) else cash)


def _newest(first: pd.Series, second: pd.Series) -> float:
    """Return the last value of the newer of two series, of the second where both are as new."""
    known = [s for s in (first, second) if len(s)]
    return float(max(known, key=lambda s: (s.index[-1], s is second)).iloc[-1]) if known else np.nan


def _filled(rows: pd.DataFrame, layers: pd.Series) -> pd.DataFrame:
    """Return the table with medians of their layers in its gaps, and a word on each."""
    needed = ("tax_rate", "sales_to_plant", "net_debt")
    gaps = [
        ", ".join(filter(None, [row.pop("missing"), *(c for c in needed if pd.isna(row[c]))]))
        for row in rows.to_dict("records")
    ]
    filled = rows.drop(columns="missing").assign(gaps=gaps)
    kind = layers.reindex(filled.index)
    for column, without in (("tax_rate", STATUTORY), ("sales_to_plant", NORMAL_SALES_TO_PLANT)):
        known = filled[column].astype(float)
        near = known.groupby(kind).transform("median")
        middle = known.median()
        filled[column] = known.fillna(near).fillna(middle if np.isfinite(middle) else without)
    return filled
