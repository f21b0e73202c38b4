"""How paths became returns: what tables and sensitivities need to go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError
from marketsim.precision import precise
from marketsim.prices import Prices
from marketsim.scenarios import chosen
from marketsim.simulation import Paths

from .accounts import Accounts, Quotes
from .assumptions import ValuationAssumptions, valuation_table
from .moved import exposures
from .noise import Noise
from .noisy import TRIED
from .returns import Anchor, drawn_in
from .reverse_dcf import reverse_dcf
from .shocks import shocks
from .statement import Statement, Terms, statement
from .worlds import sold_in

__all__ = ["Valuation"]

COLUMNS: Final = [
    "market_cap",
    "model_value",
    "value_over_market",
    "middle_over_market",
    "model_growth",
    "implied_growth",
    "model_margin",
    "implied_margin",
    "margin_shortfall",
    "enterprise_over_profit",
    "expected_return",
    "carry",
    "regimes",
    "pull",
    "gaps",
]


NAMES: Final = {"net_debt": "net_debt_before_payouts"}
"""Items whose name in the table says more: nothing is paid out to shareholders, so that all cash
beyond debts stays. Value counts what is free, and no interest on what was kept of it."""


@dataclass(frozen=True, eq=False)
class Valuation:
    """How paths became returns.

    Attributes
    ----------
    economics
        By ticker: what `economics` reads from accounts; ``beta``, ``market_cap`` (USD bn),
        ``equity_share`` of enterprise value, ``cost_of_equity``; ``model_value`` of equity on
        average over what the market prices, ``value_over_market``, and the ``gap`` between them in
        logs, less that of all companies together.
    assumed
        What valuation assumes.
    accounts, quotes
        What companies reported and what prices say of them, as arrays: nothing of it is assumed.
    terms
        The economics as arrays.
    anchor
        Of the horizon.
    anchoring
        ``"mix"`` or ``"unshifted"``.
    values
        Enterprise value, USD bn, [draw, company]; of the centres of regimes in ``central_values``,
        [regime, company].
    shifts
        What a regime adds to the log of enterprise value in the central world, with what the market
        pays for beyond the model's, [regime, company].
    world_returns
        Returns before market noise, [draw, company].
    columns
        Positions of the companies in the paths, [company].
    noise
        What is left for market noise.
    expected
        What forecasts of revenue expect of the world (see `returns.EXPECTED`).
    without_accounts
        Companies that are left out, since no fiscal year of theirs is known.
    unknown_rates
        Rates of which nothing was published by the date: `assumed` has the prior's median.
    """

    paths: Paths
    prices: Prices
    economics: pd.DataFrame
    assumed: ValuationAssumptions
    accounts: Accounts
    quotes: Quotes
    terms: Terms
    anchor: Anchor
    anchoring: str
    values: np.ndarray
    central_values: np.ndarray
    shifts: np.ndarray
    world_returns: np.ndarray
    columns: np.ndarray
    expected: Mapping[str, np.ndarray]
    horizon_years: float
    noise: Noise
    without_accounts: tuple[str, ...] = ()
    unknown_rates: tuple[str, ...] = ()

    def __repr__(self) -> str:
        draws, companies = self.world_returns.shape
        ahead = "a year" if self.horizon_years == 1.0 else f"{self.horizon_years:g} years"
        return (
            f"Valuation({draws:,} draws x {companies} companies, {ahead} ahead, "
            f"anchored to {self.anchoring}, as of {self.prices.as_of.date()})"
        )

    @property
    def without_price(self) -> tuple[str, ...]:
        """Companies of the paths that are left out, since nothing prices them."""
        priced = {*self.economics.index, *self.without_accounts}
        return tuple(t for t in self.paths.companies if t not in priced)

    @cached_property
    def shocks(self) -> np.ndarray:
        """Market noise at the horizon in units of its size, of whole blocks of `noisy.TRIED`.

        [draw, company]: those of the draws, then some of further ones.
        """
        whole = -(-len(self.values) // TRIED) * TRIED
        drawn: np.ndarray = shocks(whole, self.noise, self.paths.seed)[-1]
        drawn.setflags(write=False)
        return drawn

    @cached_property
    def implied(self) -> pd.DataFrame:
        """What prices imply of each company alone, by ticker; see `reverse_dcf`."""
        return pd.DataFrame(reverse_dcf(self), index=self.economics.index)

    @property
    def assumptions(self) -> pd.DataFrame:
        """What valuation assumes, by name: value, range, unit, meaning, source."""
        return valuation_table(self.assumed, self.unknown_rates)

    def table(self, probabilities: np.ndarray | None = None) -> pd.DataFrame:
        """Return one row by company: value, market, what prices imply, and expected return.

        Value is a mean over worlds, which great ones lift: ``middle_over_market`` has that of the
        middle one instead. Growth and margin, the model's and those that prices imply, are of
        revenue with what fleets earn beside it, growth per year from the last four quarters
        reported to the last year simulated; see `reverse_dcf`.

        The expected return is the sum of ``carry`` (the cost of equity over the horizon), ``pull``
        (what prices come nearer to the model's value) and ``regimes`` (what is left: nothing where
        the market prices the mix and no view is held).

        Parameters
        ----------
        probabilities
            Of draws, [draw], where a view is held: those of the returns that it made.
        """
        found = self.economics.join(self.implied)
        weights = self.paths.probabilities if probabilities is None else probabilities
        expected = weights @ self.world_returns
        carry = np.expm1(found["cost_of_equity"].to_numpy() * self.horizon_years)
        with precise("float64"):
            drawn = np.asarray(drawn_in(self.assumed, self.anchor, self.horizon_years))
        pulled = np.expm1(drawn) * (1.0 + carry)
        profit = found["model_profit"]
        enterprise = found["market_cap"] + found["net_debt"].fillna(0.0)
        odds = self.paths.probabilities
        middle = np.quantile(self.values, 0.5, axis=0, weights=odds, method="inverted_cdf")
        return found.assign(
            middle_over_market=(middle - np.asarray(self.terms.net_debt)) / found["market_cap"],
            enterprise_over_profit=(enterprise / profit).where(profit > 0.0),
            expected_return=expected,
            carry=carry,
            pull=pulled,
            regimes=expected - carry - pulled,
        )[COLUMNS]

    def exposures(self, assumption: str, probabilities: np.ndarray) -> pd.Series[float]:
        """Return what a standard deviation of an assumption adds to expected returns, [ticker].

        In all worlds from the decision date on, while prices stay; see `moved.exposures`.

        Parameters
        ----------
        assumption
            Its name, or that of all of its kind, as ``elasticity``.
        probabilities
            Of draws, [draw].

        Raises
        ------
        InputError
            For a name that is of no assumption about the future, or other draws than these.
        """
        if len(probabilities) != len(self.paths.regime):
            raise InputError(
                f"exposures: {len(probabilities):,} probabilities for {len(self.paths.regime):,} "
                "worlds; give the returns of all worlds drawn"
            )
        return exposures(self, assumption, probabilities)

    def statements(self, regime: str | None = None) -> pd.DataFrame:
        """Return the earnings and cash flow of the calibrated world, by company and year.

        Parameters
        ----------
        regime
            Of this regime's central world instead.

        Returns
        -------
        pandas.DataFrame
            A row each: ``ticker``, ``year`` (its last day), ``item`` (of
            :class:`marketsim.valuation.Statement`), ``usd_bn``, per year or, of net debt, at its
            end. Net debt is ``net_debt_before_payouts``: as if all cash were kept.

        Raises
        ------
        InputError
            For a regime that is not among the scenarios.
        """
        worlds, row = self.paths.calibrated, 0
        if regime is not None:
            names = self.paths.scenarios.names
            (name,) = chosen(names, [regime])
            worlds, row = self.paths.centres, names.index(name)
        with precise("float64"):
            sold = sold_in(worlds, row, self.columns, self.expected)
            said = statement(self.assumed, self.terms, sold)
        return tidy(said, list(self.economics.index), self.paths.quarter_ends)


def tidy(said: Statement, tickers: Sequence[str], quarter_ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a statement as rows: ticker, year (its last day), item, USD bn."""
    names = [f.name for f in fields(said)]
    values = np.stack([np.asarray(getattr(said, name)) for name in names], axis=-1)
    items = [NAMES.get(name, name) for name in names]
    rows = pd.MultiIndex.from_product(
        [tickers, quarter_ends[3::4], items], names=["ticker", "year", "item"]
    )
    return pd.Series(values.swapaxes(0, 1).ravel(), rows, name="usd_bn").reset_index()
