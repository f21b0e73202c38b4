"""What turns a company's revenue into cash, as its own accounts have it on a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior, Window
from marketsim.knowledge import Facts, Knowledge
from marketsim.knowledge.currency import in_usd

from .assumptions import ValuationAssumptions

__all__ = ["economics"]

YEARS: Final = 5
"""Fiscal years averaged for the long run."""

STATUTORY: Final = 0.21
TAX_BAND: Final = (0.08, 0.30)
"""Effective rates outside it hold one-offs."""
LEAST_COST: Final = 0.02
"""Cost of a dollar of volume, at the least."""
SALES_TO_CAPITAL: Final = (0.35, 10.0)
NORMAL_SALES_TO_CAPITAL: Final = 1.2
"""What growth in revenue costs where a company's own record says nothing (Damodaran, US median)."""
OWN_RECORD: Final = 0.75
"""Weight of that record, in logs."""
WORKING_CAPITAL: Final = 0.15
"""Receivables and stocks less payables over sales (Damodaran, US companies: a tenth to a fifth)."""

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

COMPUTE: Final = "cloud", "own_use"
"""Layers whose sellers own fleets."""

LANDLORDS: Final = "leases"
"""The layer whose buildings outlast their depreciation."""

FLEET_COSTS: Final = "operating_spending", "depreciation", "write_down"

NONE: Final = pd.Series(dtype=float, index=pd.DatetimeIndex([]))

Accounts = dict[str, pd.Series]
"""A company's items by fiscal year's end, USD bn; rates as they are."""


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
        For the upkeep of buildings.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``revenue`` of the last fiscal year, USD bn, and its ``volume``; ``margin``
        (operating, before what acquisitions are written off), ``cost`` per dollar of volume now and
        in the long run (half its mean over five years), ``overhead`` (USD bn), ``tax_rate``,
        ``sales_to_capital``, ``fleet`` (share of the world's spending on AI sites), ``net_debt``
        (USD bn, NaN where it is unknown), ``fiscal_year_end``. A gap takes the median of the others
        and is listed in ``gaps``.
    """
    world = _World.of(posterior)
    items = {item: _wide(knowledge, f"annual_{item}") for item in ITEMS}
    spent, owed = _wide(knowledge, "quarterly_capex"), _wide(knowledge, "debt_outstanding")
    layers = knowledge.universe.companies["layer"]
    rows: dict[str, dict[str, object]] = {}
    for ticker in companies:
        accounts = {item: items[item].get(ticker, NONE) for item in ITEMS}
        upkeep = float(assumed.lease_upkeep) if layers.get(ticker) == LANDLORDS else 1.0
        fleet, other = world.fleet(ticker, accounts, spent.get(ticker, NONE))
        rows[ticker] = {
            **_costs(world, ticker, accounts, fleet, upkeep),
            "tax_rate": _tax_rate(accounts["effective_tax_rate"]),
            "sales_to_capital": _sales_to_capital(accounts["revenue"], other),
            "fleet": fleet,
            **world.uses(ticker, fleet),
            "net_debt": _net_debt(accounts, owed.get(ticker, NONE)),
        }
    return _filled(pd.DataFrame.from_dict(rows, orient="index"))


@dataclass(frozen=True, eq=False)
class _World:
    """What the calibrated history says of fiscal years.

    By quarter of the window: ``price``, volumes over revenue by company [quarter, company]; what
    running and writing off all ``fleets`` cost, and ``spending`` on AI sites, USD bn.
    """

    window: Window
    price: pd.DataFrame
    fleets: np.ndarray
    spending: np.ndarray
    owners: frozenset[str]
    sold: Mapping[str, float]
    at_home: frozenset[str]
    ai_share: Mapping[str, float]
    exposure: Mapping[str, float]
    revenue: Mapping[str, float]
    let: float

    @classmethod
    def of(cls, posterior: Posterior) -> _World:
        history, book = posterior.history, posterior.revenue_map
        lines, volumes = (history[name] @ book.owner.T for name in ("lines", "volumes"))
        assumed = posterior.assumptions
        drawn = np.asarray(assumed.lines.exposure)[:, None] * book.share
        cloud, home = (drawn[:, book.layers.index(name)] for name in COMPUTE)
        owns, uses = book.owner @ (cloud + home) > 0.0, book.owner @ home > 0.0
        spent, let = np.asarray(history["recognised"])[-1], history["contracted"][-1]
        places = [book.layers.index(name) for name in COMPUTE]
        earned = book.owner @ (drawn[:, places] @ spent[places])
        exposed = drawn @ spent
        sold = cloud * spent[places[0]] / let
        return cls(
            window=posterior.window,
            price=pd.DataFrame(volumes / lines, columns=list(posterior.companies)),
            fleets=np.sum([history[name] for name in FLEET_COSTS], axis=0),
            spending=np.asarray(history["capital_spending"]),
            owners=frozenset(t for t, own in zip(posterior.companies, owns, strict=True) if own),
            sold=dict(zip(posterior.companies, book.owner @ sold, strict=True)),
            at_home=frozenset(t for t, own in zip(posterior.companies, uses, strict=True) if own),
            ai_share=dict(zip(posterior.companies, earned / lines[-1], strict=True)),
            revenue=dict(zip(posterior.companies, lines[-1], strict=True)),
            let=float(let),
            exposure=dict(zip(posterior.companies, book.owner @ exposed / lines[-1], strict=True)),
        )

    def uses(self, ticker: str, fleet: float) -> dict[str, float]:
        """Return what a company's lines leave of its fleet, and what becomes of that."""
        home = float(ticker in self.at_home)
        # Who sells more than it owns rents the rest: its cost is in the cost of sales.
        spare = max(fleet - self.sold[ticker], 0.0)
        let = (1.0 - home) * spare * self.let / self.revenue[ticker]
        return {
            "spare": spare,
            "at_home": home,
            "ai_share": self.ai_share[ticker] if fleet else 0.0,
            "exposure": (self.exposure[ticker] + let) / (1.0 + let),
        }

    @cached_property
    def weights(self) -> dict[pd.Timestamp, np.ndarray]:
        """How quarters mix into means of years, by the year's end; as many as are asked for."""
        return {}

    def of_year(self, quarters: np.ndarray, end: pd.Timestamp) -> float:
        """Return the sum of ``quarters`` over the year to ``end``; NaN outside the window."""
        if end not in self.weights:
            self.weights[end] = self.window.yearly(pd.DatetimeIndex([end]))[0, : len(quarters)]
        weights = self.weights[end]
        return 4.0 * float(weights @ quarters) if weights.sum() > 0.99 else np.nan

    def priced(self, ticker: str, end: pd.Timestamp) -> float:
        """Return volume over revenue of a fiscal year; one outside the window."""
        mean = self.of_year(self.price[ticker].to_numpy(), end) / 4.0
        return mean if np.isfinite(mean) else 1.0

    def fleet(self, ticker: str, accounts: Accounts, spent: pd.Series) -> tuple[float, pd.Series]:
        """Return a company's share of the world's AI spending, and its other spending by year.

        What it spent beyond its usual share of revenue, that of the years before the window, as
        long as AI was small. By the last four quarters where quarters are reported.
        """
        capex, revenue = accounts["capex"], accounts["revenue"]
        if ticker not in self.owners or capex.empty:
            return 0.0, capex
        intensity = (capex / revenue).dropna()
        early = intensity[intensity.index < self.window.start]
        usual = float(early.median()) if len(early) else 0.0
        other = capex.clip(upper=usual * revenue).dropna()
        year = spent.iloc[-4:]
        recent = len(year) == 4 and year.index[-1] > capex.index[-1]
        end = year.index[-1] if recent else capex.index[-1]
        beyond = (year.sum() if recent else capex.iloc[-1]) - usual * float(revenue.iloc[-1])
        world = self.of_year(self.spending, end)
        return (max(float(beyond) / world, 0.0) if np.isfinite(world) else 0.0), other


def _wide(facts: Facts | Knowledge, quantity: str) -> dict[str, pd.Series]:
    """Return series by entity, amounts in USD bn, rates as they are."""
    rows = facts.select(quantity)
    size = np.where(rows["unit"] == "fraction", 1.0, 1e-3)
    rows = rows.assign(value=in_usd(rows) * size)
    return {str(t): g.set_index("date")["value"].sort_index() for t, g in rows.groupby("entity")}


def _costs(
    world: _World, ticker: str, accounts: Accounts, fleet: float, upkeep: float
) -> dict[str, object]:
    """Return what a company's sales cost, without fleets and what acquisitions are written off.

    Where depreciation exceeds capital spending for years, the rest is of what was acquired, which
    nobody replaces; of buildings a part is replaced.
    """
    years = _years(accounts)
    if years.empty:
        blank = dict.fromkeys(("revenue", "volume", "margin", "cost", "long_run_cost", "overhead"))
        return {**blank, "fiscal_year_end": pd.NaT, "missing": "accounts"}
    lasting = _lasting(accounts, upkeep)
    price = np.array([world.priced(ticker, end) for end in years.index])
    fleets = np.nan_to_num([fleet * world.of_year(world.fleets, end) for end in years.index])
    margin = years["profit"] / years["revenue"] + lasting
    overhead, known = _overhead(years, lasting)
    costs = 1.0 - margin - overhead - fleets / years["revenue"]
    by_volume = np.maximum(costs.to_numpy() / price, LEAST_COST)
    # Charges come once and gains hardly ever: the better of the last year and the middle of three.
    now = min(by_volume[-1], float(np.median(by_volume[-3:])))
    last = float(years["revenue"].iloc[-1])
    return {
        "revenue": last,
        "volume": last * price[-1],
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
    rate = _tax_rate(accounts["effective_tax_rate"])
    before_tax = accounts["net_income"] / (1.0 - (rate if np.isfinite(rate) else STATUTORY))
    profit = accounts["operating_income"] if len(accounts["operating_income"]) else before_tax
    both = pd.concat(
        [accounts["revenue"], profit, accounts["gross_profit"]],
        axis=1,
        keys=["revenue", "profit", "gross"],
    )
    return both.dropna(subset=["revenue", "profit"]).iloc[-YEARS:]


def _lasting(accounts: Accounts, upkeep: float) -> float:
    """Return depreciation that nothing is spent to replace, a share of revenue.

    Where no spending is reported all is replaced, but for what ``upkeep`` leaves.
    """
    names = ["depreciation_amortisation", "revenue", "capex"]
    told = [accounts[name] for name in names if len(accounts[name]) or name != "capex"]
    written = pd.concat(told, axis=1, join="inner").iloc[-3:]
    if written.empty:
        return 0.0
    off, revenue, *spent = written.sum()
    unreplaced = off - spent[0] if spent else 0.0
    return float(max(unreplaced, (1.0 - upkeep) * off, 0.0) / revenue)


def _tax_rate(rates: pd.Series) -> float:
    middle = float(rates.iloc[-3:].median()) if len(rates) else np.nan
    return float(np.clip(middle, *TAX_BAND)) if np.isfinite(middle) else np.nan


def _sales_to_capital(revenue: pd.Series, capex: pd.Series) -> float:
    """Return revenue gained per dollar of plant, by the record, and of working capital."""
    both = pd.concat([revenue, capex], axis=1, join="inner", keys=["revenue", "capex"])
    both = both.iloc[-YEARS - 1 :]
    if len(both) < 3:
        return np.nan
    gained = float(both["revenue"].iloc[-1] - both["revenue"].iloc[0])
    spent = float(both["capex"].iloc[1:].sum())
    record = np.clip(max(gained, 0.0) / max(spent, 1e-9), *SALES_TO_CAPITAL)
    plant = NORMAL_SALES_TO_CAPITAL ** (OWN_RECORD - 1.0) * record**-OWN_RECORD
    return float(1.0 / (plant + WORKING_CAPITAL))


def _net_debt(accounts: Accounts, quarterly: pd.Series) -> float:
    """Return debt less cash at the newest dates; NaN where no debt was ever reported."""
    debt = _newest(accounts["total_debt"], quarterly)
    cash = _newest(accounts["cash_and_equivalents"], accounts["cash_and_st_investments"])
    return debt - (0.0 if np.isnan(cash) else cash)


def _newest(first: pd.Series, second: pd.Series) -> float:
    """Return the last value of the newer of two series, of the second where both are as new."""
    known = [s for s in (first, second) if len(s)]
    return float(max(known, key=lambda s: (s.index[-1], s is second)).iloc[-1]) if known else np.nan


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with medians in its gaps, and a word on each."""
    needed = ("tax_rate", "sales_to_capital", "net_debt")
    gaps = [
        ", ".join(filter(None, [row.pop("missing"), *(c for c in needed if pd.isna(row[c]))]))
        for row in rows.to_dict("records")
    ]
    filled = rows.drop(columns="missing").assign(gaps=gaps)
    for column in ("tax_rate", "sales_to_capital"):
        middle = filled[column].median()
        filled[column] = filled[column].fillna(middle if np.isfinite(middle) else STATUTORY)
    return filled
