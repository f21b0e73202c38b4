"""What a company's record says of its costs, taxes, plant and fleet, as numbers of `Accounts`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from .past import Past
from .records import Record, Series

__all__ = [
    "REPLACED",
    "STATUTORY",
    "TAX_BAND",
    "YEARS",
    "fleet_of",
    "net_debt",
    "plant",
    "tax_rate",
    "worn",
    "written_off",
    "years_of",
]

YEARS: Final = 5
"""Fiscal years averaged for the long run."""

STATUTORY: Final = 0.21

TAX_BAND: Final = (0.12, 0.30)
"""Effective rates outside it hold one-offs; most countries ask for 15 % since 2024, less credits
(OECD 2021, Pillar Two)."""

RECORD_AT: Final = 0.25
"""Growth over five years, of revenue before them, at which that record weighs as much as what is
normal."""

REPLACED: Final = 0.8
"""Share of capital spending that replaces what wears out, where no company's is known."""

A_YEAR: Final = np.timedelta64(373, "D")
"""A fiscal year, and the week that some are longer."""

SAME_TIME: Final = np.timedelta64(45, "D")
"""Balances so many days apart are of one time."""

Numbers = dict[str, Any]


def years_of(past: Past, company: int, record: Record) -> Numbers:
    """Return margins, prices and what fleets cost in the last fiscal years, at most five.

    Operating profit comes from net income before tax where that is all there is; overhead is that
    of the last year whose gross profit is known.
    """
    revenue, profit = record["revenue"], record["operating_income"]
    if not np.isfinite(profit).any():
        rate = tax_rate(record)
        profit = record["net_income"] / (1.0 - (rate if np.isfinite(rate) else STATUTORY))
    rows = np.flatnonzero(np.isfinite(revenue + profit))[-YEARS:]
    sold, ends = revenue[rows], past.at(record.ends[rows])
    above = (record["gross_profit"][rows] - profit[rows]) / sold
    known = above[np.isfinite(above)]
    fleets, let = (np.nan_to_num(path[ends]) / sold for path in (past.fleets, past.let))
    by_year = {
        "known": (np.ones(len(rows), dtype=bool), False),
        "margin": (profit[rows] / sold, 0.0),
        "price": (past.price[ends, company], 1.0),
        "inputs": (past.inputs[ends, company], 0.0),
        "fleets": (fleets, 0.0),
        "let": (let, 0.0),
    }
    return {
        **{name: _last_years(values, none) for name, (values, none) in by_year.items()},
        "revenue": sold[-1] if len(rows) else 0.0,
        "overhead": known[-1] if len(known) else 0.0,
        "fiscal_year_end": record.ends[rows[-1]] if len(rows) else np.datetime64("NaT", "us"),
        "missing": ("" if len(known) else "gross profit") if len(rows) else "accounts",
    }


def written_off(record: Record) -> Numbers:
    """Return depreciation of three years over revenue, and what of it nothing was spent to replace.

    Where it exceeds capital spending for years, the rest is of what was acquired, which nobody
    replaces. Where no spending is reported all is replaced.
    """
    off, revenue, spent = (
        record[name] for name in ("depreciation_amortisation", "revenue", "capex")
    )
    reported = bool(np.isfinite(spent).any())
    there = np.isfinite(off + revenue + (spent if reported else 0.0))
    rows = np.flatnonzero(there)[-3:]
    if not len(rows):
        return {"written": 0.0, "unreplaced": 0.0}
    sold, written = revenue[rows].sum(), off[rows].sum()
    beyond = max(written - spent[rows].sum(), 0.0) if reported else 0.0
    return {"written": written / sold, "unreplaced": beyond / sold}


def tax_rate(record: Record) -> float:
    """Return the middle of the last three effective rates, within the band; NaN of none."""
    rates = record.known("effective_tax_rate").values[-3:]
    return float(np.clip(np.median(rates), *TAX_BAND)) if len(rates) else np.nan


def fleet_of(past: Past, company: int, record: Record) -> tuple[float, np.ndarray]:
    """Return a company's share of the world's AI spending, and its other spending by year.

    What it spent beyond its usual share of revenue, that of the years before the window, as long as
    AI was small. By the last four quarters where quarters are reported.
    """
    revenue, capex = record["revenue"], record["capex"]
    spending = record.known("capex")
    if not (past.owners[company] and len(spending.values)):
        return 0.0, capex
    intensity = capex / revenue
    early = intensity[np.isfinite(intensity) & (record.ends < np.datetime64(past.start))]
    usual = float(np.median(early)) if len(early) else 0.0
    other = np.fmin(capex, usual * revenue)
    year = Series(record.spent.ends[-4:], record.spent.values[-4:])
    recent = len(year.values) == 4 and year.ends[-1] > spending.ends[-1]
    end, spent = (
        (year.ends[-1], year.values.sum()) if recent else (spending.ends[-1], spending.values[-1])
    )
    sold = record.known("revenue").values[-1:].sum()
    world = past.spending[past.at(end)]
    share = max(float(spent - usual * sold) / world, 0.0) if np.isfinite(world) else 0.0
    return share, np.where(np.isfinite(capex), other, np.nan)


def worn(past: Past, record: Record, fleet: float) -> np.ndarray | None:
    """Return depreciation without fleets', USD bn [year]; None where it was never reported.

    Years whose depreciation is not known take the mean share of revenue of those that are.
    """
    revenue, written = record["revenue"], record["depreciation_amortisation"]
    share = written / revenue
    if not np.isfinite(share).any():
        return None
    off = np.where(np.isfinite(written), written, np.nanmean(share) * revenue)
    return np.asarray(off - np.nan_to_num(fleet * past.worn[past.at(record.ends)]))


def plant(record: Record, spent: np.ndarray, worn_out: np.ndarray | None) -> Numbers:
    """Return what was ``spent`` on plant over five years, what of it was ``worn_out``, and gained.

    No record is one of less than three years. Where depreciation is not known a usual part of
    spending is worn out.
    """
    revenue = record["revenue"]
    off = REPLACED * spent if worn_out is None else worn_out
    rows = np.flatnonzero(np.isfinite(revenue + spent + off))[-YEARS - 1 :]
    if len(rows) < 3:
        nothing = np.zeros(YEARS)
        plain = dict.fromkeys(("built", "gained"), 0.0)
        return {"recorded": False, **plain, "usual": 1.0, "worn": nothing, "turnover": nothing}
    later = rows[1:]
    return {
        "recorded": True,
        "built": spent[later].sum(),
        "gained": max(revenue[rows[-1]] - revenue[rows[0]], 0.0),
        "usual": RECORD_AT * revenue[rows[0]],
        "worn": _last_years(off[later], 0.0),
        "turnover": _last_years(revenue[later] if worn_out is not None else 0.0 * off[later], 0.0),
    }


def net_debt(record: Record) -> tuple[float, bool]:
    """Return debt less cash, USD bn, and whether the cash is of an earlier quarter than the debt.

    The newest debt, and the newest cash that was there with it, of the year before it at most. NaN
    where no debt was ever reported, or none since the last fiscal year began: what was owed long
    ago, less what lies in the till since, is no debt.
    """
    debt = _newest(record.known("total_debt"), record.owed)
    if debt is None or (record.ends[-1:] - debt[0] > A_YEAR).any():
        return np.nan, False
    kinds = map(record.known, ("cash_and_equivalents", "cash_and_st_investments"))
    cash = _newest(*(_by(series, debt[0] + SAME_TIME) for series in kinds))
    if cash is None or debt[0] - cash[0] > A_YEAR:
        return debt[1], False
    return debt[1] - cash[1], bool(debt[0] - cash[0] > SAME_TIME)


def _by(series: Series, end: np.datetime64) -> Series:
    """Return what is known of dates up to an ``end``."""
    there = series.ends <= end
    return Series(series.ends[there], series.values[there])


def _newest(first: Series, second: Series) -> tuple[np.datetime64, float] | None:
    """Return date and value of the newer of two series, of the second where both are as new."""
    known = [s for s in (first, second) if len(s.values)]
    newest = max(known, key=lambda s: (s.ends[-1], s is second), default=None)
    return None if newest is None else (newest.ends[-1], float(newest.values[-1]))


def _last_years(values: np.ndarray, none: float | bool) -> np.ndarray:
    """Return ``values`` as the last of so many years, the others ``none``."""
    return np.concatenate([np.full(YEARS - len(values), none), values])
