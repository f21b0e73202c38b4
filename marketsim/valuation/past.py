"""What the calibrated history says of fiscal years: prices, and the fleets that companies own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.calibration import Posterior

from .assumptions import ValuationAssumptions

__all__ = ["Accounts", "Past"]

COMPUTE: Final = "cloud", "own_use"
"""Layers whose sellers own fleets."""

BY_LINE: Final = "lines", "volumes", "inputs"

FLEET_COSTS: Final = "operating_spending", "depreciation", "write_down"

Accounts = dict[str, pd.Series]
"""A company's items by fiscal year's end, USD bn; rates as they are."""


@dataclass(frozen=True, eq=False)
class Past:
    """What the calibrated history says of fiscal years.

    The ``start`` of the window, and how its quarters mix into the mean of the year to a day,
    ``weights`` [quarter] by day. By quarter: ``price``, volumes over revenue, and ``inputs`` that
    are passed on over revenue, by company [quarter, company]; what running and writing off all
    ``fleets`` cost, ``worn`` their depreciation, ``spending`` on AI sites, what all would be
    ``let`` at, and their ``book`` value at the end, USD bn.
    """

    start: pd.Timestamp
    weights: Mapping[pd.Timestamp, np.ndarray]
    price: pd.DataFrame
    inputs: pd.DataFrame
    fleets: np.ndarray
    worn: np.ndarray
    spending: np.ndarray
    owners: frozenset[str]
    sold: Mapping[str, float]
    used: Mapping[str, float]
    at_home: frozenset[str]
    ai_share: Mapping[str, float]
    exposure: Mapping[str, float]
    revenue: Mapping[str, float]
    let: np.ndarray
    book: float
    borrowed: Mapping[str, float]
    builders: float
    holders: float

    @classmethod
    def of(
        cls, posterior: Posterior, assumed: ValuationAssumptions, ends: pd.DatetimeIndex
    ) -> Past:
        """Return what a posterior's history says of the years that end on ``ends``."""
        history, book = posterior.history, posterior.revenue_map
        lines, volumes, inputs = (history[name] @ book.owner.T for name in BY_LINE)
        drawn = np.asarray(posterior.assumptions.lines.exposure)[:, None] * book.share
        cloud, home = (drawn[:, book.layers.index(name)] for name in COMPUTE)
        owns, uses = book.owner @ (cloud + home) > 0.0, book.owner @ home > 0.0
        spent = np.asarray(history["recognised"])[-1]
        let = float(assumed.letting_price) * np.asarray(history["contracted"])
        places = [book.layers.index(name) for name in COMPUTE]
        earned = book.owner @ (drawn[:, places] @ spent[places])
        exposed = drawn @ spent
        sold, used = (
            x * spent[place] / let[-1] for x, place in zip((cloud, home), places, strict=True)
        )
        borrowed = (book.owner * posterior.setting.lines.borrowed).max(axis=1)
        return cls(
            start=posterior.window.start,
            weights=dict(zip(ends, posterior.window.yearly(ends), strict=True)),
            price=pd.DataFrame(volumes / lines, columns=list(posterior.companies)),
            inputs=pd.DataFrame(inputs / lines, columns=list(posterior.companies)),
            fleets=np.sum([history[name] for name in FLEET_COSTS], axis=0),
            worn=np.asarray(history["depreciation"]),
            spending=np.asarray(history["capital_spending"]),
            owners=frozenset(t for t, own in zip(posterior.companies, owns, strict=True) if own),
            sold=dict(zip(posterior.companies, book.owner @ sold, strict=True)),
            used=dict(zip(posterior.companies, book.owner @ used, strict=True)),
            at_home=frozenset(t for t, own in zip(posterior.companies, uses, strict=True) if own),
            ai_share=dict(zip(posterior.companies, earned / lines[-1], strict=True)),
            revenue=dict(zip(posterior.companies, lines[-1], strict=True)),
            let=let,
            book=float(history["book_value"][-1]),
            exposure=dict(zip(posterior.companies, book.owner @ exposed / lines[-1], strict=True)),
            borrowed=dict(zip(posterior.companies, borrowed, strict=True)),
            builders=float(history["borrowers_spending"][-1] / history["capital_spending"][-1]),
            holders=float(history["borrowers_fleet"][-1]),
        )

    def uses(self, ticker: str, fleet: float) -> dict[str, float]:
        """Return what a company's lines leave of its fleet, and what becomes of that."""
        home = float(ticker in self.at_home)
        # Who sells more than it owns rents the rest: its cost is in the cost of sales.
        spare = max(fleet - self.sold[ticker], 0.0)
        # What own use brings shows in lines, as far as it goes.
        hidden = max(1.0 - self.used[ticker] / spare, 0.0) if spare else 0.0
        return {
            "spare": spare,
            "at_home": home,
            "hidden": home * hidden,
            "borrowed": self.borrowed[ticker],
            "builders": self.builders,
            "holders": self.holders,
            "ai_share": self.ai_share[ticker] if fleet else 0.0,
            "exposure": self.exposure[ticker] - (self.ai_share[ticker] if fleet else 0.0),
        }

    def of_year(self, quarters: np.ndarray, end: pd.Timestamp) -> float:
        """Return the sum of ``quarters`` over the year to ``end``; NaN outside the window."""
        weights = self.weights[end][: len(quarters)]
        return 4.0 * float(weights @ quarters) if weights.sum() > 0.99 else np.nan

    def priced(self, ticker: str, end: pd.Timestamp) -> tuple[float, float]:
        """Return volume and inputs over revenue of a fiscal year; one and none outside."""
        price, inputs = (
            self.of_year(path[ticker].to_numpy(), end) / 4.0 for path in (self.price, self.inputs)
        )
        return (price, inputs) if np.isfinite(price) else (1.0, 0.0)

    def fleet(self, ticker: str, accounts: Accounts, spent: pd.Series) -> tuple[float, pd.Series]:
        """Return a company's share of the world's AI spending, and its other spending by year.

        What it spent beyond its usual share of revenue, that of the years before the window, as
        long as AI was small. By the last four quarters where quarters are reported.
        """
        capex, revenue = accounts["capex"], accounts["revenue"]
        if ticker not in self.owners or capex.empty:
            return 0.0, capex
        intensity = (capex / revenue).dropna()
        early = intensity[intensity.index < self.start]
        usual = float(early.median()) if len(early) else 0.0
        other = capex.clip(upper=usual * revenue).dropna()
        year = spent.iloc[-4:]
        recent = len(year) == 4 and year.index[-1] > capex.index[-1]
        end = year.index[-1] if recent else capex.index[-1]
        beyond = (year.sum() if recent else capex.iloc[-1]) - usual * float(revenue.iloc[-1])
        world = self.of_year(self.spending, end)
        return (max(float(beyond) / world, 0.0) if np.isfinite(world) else 0.0), other
