"""What turns a company's revenue into cash: margin, tax, reinvestment, net cash, cost of equity."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Facts, Knowledge
from marketsim.knowledge.currency import in_usd

__all__ = ["economics"]

YEARS: Final = 5
"""Fiscal years averaged for the long run."""

STATUTORY: Final = 0.21
TAX_BAND: Final = (0.08, 0.30)
"""Effective rates outside it hold one-offs."""
MARGIN_FLOOR: Final = 0.05
SALES_TO_CAPITAL: Final = (0.35, 4.0)
NORMAL_SALES_TO_CAPITAL: Final = 1.2
"""What growth in revenue costs where a company's own record says little (Damodaran, US median)."""


def economics(facts: Facts | Knowledge, companies: tuple[str, ...]) -> pd.DataFrame:
    """Return each company's economics as known on the date of ``facts``.

    Parameters
    ----------
    facts
        Fiscal-year figures (`annual_*`) are read from them.
    companies
        Tickers.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``margin`` (operating, latest year), ``long_run_margin`` (mean of five years and
        of the latest), ``tax_rate``, ``sales_to_capital`` (revenue gained per dollar of capital
        spending over five years, shrunk), ``net_cash`` (USD bn),
        ``fiscal_year_end``. A gap takes the median
        of the others and is listed in ``gaps``.
    """
    items = {item: _wide(facts, f"annual_{item}") for item in ITEMS}
    rows = pd.DataFrame([_company(items, t) for t in companies], index=pd.Index(companies))
    return _filled(rows)


ITEMS: Final = (
    "revenue",
    "operating_income",
    "net_income",
    "effective_tax_rate",
    "capex",
    "cash_and_equivalents",
    "cash_and_st_investments",
    "total_debt",
)


def _wide(facts: Facts | Knowledge, quantity: str) -> dict[str, pd.Series]:
    rows = facts.select(quantity)
    rows = rows.assign(value=in_usd(rows))
    return {str(t): g.set_index("date")["value"].sort_index() for t, g in rows.groupby("entity")}


def _company(items: dict[str, dict[str, pd.Series]], ticker: str) -> dict[str, object]:
    def of(item: str) -> pd.Series:
        return items[item].get(ticker, pd.Series(dtype=float))

    tax = _tax_rate(of("effective_tax_rate"))
    margins = _margins(of("revenue"), of("operating_income"), of("net_income"), tax)
    last = float(margins.iloc[-1]) if len(margins) else np.nan
    mean = float(margins.iloc[-YEARS:].mean()) if len(margins) else np.nan
    return {
        "margin": last,
        "long_run_margin": 0.5 * (last + mean),
        "tax_rate": tax,
        "sales_to_capital": _sales_to_capital(of("revenue"), of("capex")),
        "net_cash": _net_cash(
            of("cash_and_st_investments"), of("cash_and_equivalents"), of("total_debt")
        ),
        "fiscal_year_end": margins.index[-1] if len(margins) else pd.NaT,
        "no_debt_reported": of("total_debt").empty,
    }


def _tax_rate(rates: pd.Series) -> float:
    middle = float(rates.iloc[-3:].median()) if len(rates) else np.nan
    return float(np.clip(middle, *TAX_BAND)) if np.isfinite(middle) else np.nan


def _margins(revenue: pd.Series, operating: pd.Series, net: pd.Series, tax: float) -> pd.Series:
    """Return operating margins by year; from net income before tax where that is all there is."""
    rate = tax if np.isfinite(tax) else STATUTORY
    profit = operating if len(operating) else net / (1.0 - rate)
    both = pd.concat([revenue, profit], axis=1, join="inner", keys=["revenue", "profit"])
    return both["profit"] / both["revenue"]


def _sales_to_capital(revenue: pd.Series, capex: pd.Series) -> float:
    """Return revenue gained per dollar of capital spending, shrunk to the normal in logs."""
    both = pd.concat([revenue, capex], axis=1, join="inner", keys=["revenue", "capex"])
    both = both.iloc[-YEARS - 1 :]
    if len(both) < 3:
        return np.nan
    gained = float(both["revenue"].iloc[-1] - both["revenue"].iloc[0])
    spent = float(both["capex"].iloc[1:].sum())
    record = np.clip(max(gained, 0.0) / max(spent, 1e-9), *SALES_TO_CAPITAL)
    return float(np.exp(0.5 * (np.log(record) + np.log(NORMAL_SALES_TO_CAPITAL))))


def _net_cash(invested: pd.Series, cash: pd.Series, debt: pd.Series) -> float:
    newer = len(cash) > 0 and (invested.empty or cash.index[-1] > invested.index[-1])
    held = cash if newer else invested
    return (_last(held) - (_last(debt) if len(debt) else 0.0)) / 1e3


def _last(*candidates: pd.Series) -> float:
    for series in candidates:
        if len(series):
            return float(series.iloc[-1])
    return np.nan


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    needed = ("margin", "tax_rate", "sales_to_capital", "net_cash")
    gaps = []
    for _, row in rows.iterrows():
        missing = [c for c in needed if pd.isna(row[c])]
        gaps.append(", ".join(missing + (["debt"] if row["no_debt_reported"] else [])))
    filled = rows.drop(columns="no_debt_reported").assign(gaps=gaps)
    for column in ("margin", "long_run_margin", "tax_rate", "sales_to_capital"):
        middle = filled[column].median()
        filled[column] = filled[column].fillna(middle if np.isfinite(middle) else STATUTORY)
    filled["net_cash"] = filled["net_cash"].fillna(0.0)
    for column in ("margin", "long_run_margin"):
        filled[column] = filled[column].clip(lower=MARGIN_FLOOR)
    return filled
