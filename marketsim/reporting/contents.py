"""What a report needs to know of a run: results only, no model, no solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from ..errors import DataError
from ..returns import CASH
from .columns import COLUMNS, OPTIONAL
from .svg import Floats

if TYPE_CHECKING:
    from ..allocation import Allocation, Frontier
    from ..derivatives import ReverseStress

__all__ = ["REPORTED", "RunContents"]

REPORTED = "reported"


@dataclass(frozen=True, eq=False)
class RunContents:
    """Everything the report of one run shows.

    Attributes
    ----------
    meta : Mapping
        Provenance, as in run.json; every entry is printed in the footer. Read by name where
        present: `as_of`, `draws`, `seed`, `horizon_years`, `objective` (a phrase that completes
        "The weights were chosen to ..."), `price_source`, `facts_digest`, `versions`, `warnings`
        (what was old on the date, a sentence each without its stop).
    allocation : Allocation
        `weights`, `risk`, `by_scenario`, `duals`, `status`, `solver` are read. VaR and CVaR are
        losses: positive numbers lose money.
    scenarios : DataFrame
        Indexed by regime, in the order to be shown: probability, thesis, shifts (text, one
        shift a line or parted by semicolons).
    revenue_fan : DataFrame
        ticker, regime, quarter_end, p05 ... p95 in USD bn per quarter. Rows of the regime
        `reported` hold history in p50.
    world_fan : DataFrame
        quantity, unit, regime, quarter_end, p05 ... p95, with `reported` rows likewise.
        A unit of `fraction` is shown in per cent.
    fit : DataFrame
        series, unit, n, rmse_log, bias_log, last_reported, last_modelled, confidence.
    fit_paths : DataFrame
        series, quarter_end, reported, modelled.
    sensitivities : DataFrame
        Indexed by assumption: unit, value, sd, meaning, portfolio_per_sd (change of the
        portfolio's value per standard deviation that calibration leaves, fraction) and one column
        `value_<TICKER>_per_sd` a company (change of what its business is worth, fraction).
    information : DataFrame
        Indexed by what might be known beforehand: gain (of the objective), net (of what chance
        seems to be worth), moved (share of the portfolio), beyond_chance (whether chance could not
        seem to be worth as much); without rows that are the page leaves it out.
    apart : DataFrame
        Indexed by assumption, largest first, and then by what is left: unit, its value in two
        regimes (start, end), what it adds to the difference of the portfolio's expected returns
        (portfolio), meaning; without rows the page leaves it out.
    apart_regimes : tuple
        Names of the two.
    neutral : DataFrame
        Indexed by assumption that the choice is neutral to: within, exposure (change of the
        expected return per standard deviation, fraction), the same without that limit, price (what
        a unit more of it would add to the objective), against (tickers that hedge, parted by
        commas); without rows the page leaves it out.
    implied : DataFrame
        Indexed by layer, `all` last: companies, value_over_market, what prices assume of a belief
        (`growth_model`, `growth_implied`, `growth_left`, the same of `elasticity`) and of scenarios
        (`odds_<scenario>`, `odds_left`); without rows the page leaves it out.
    stress : ReverseStress, optional
        The most plausible worlds in which the portfolio loses so much; without it the page leaves
        them out.
    trades : DataFrame
        Indexed by ticker, sales first: weight_now, weight_then, change, money (USD, negative where
        sold), shares of it at close, cost (a fraction of the whole); without rows the page leaves
        them out.
    names : Mapping
        Ticker to company.
    layers : Mapping
        Ticker to layer.
    flagship : str
        The series that leads, as ``TICKER.segment``: its company's revenue is shown first, and its
        fit told in a sentence. Empty where none does.
    outlook : DataFrame
        regime, year, quantity, unit, median, p10, p90, published_low, published_high, source,
        outside (``above``, ``below`` or empty); without rows the page leaves the outlook out.
    binding : DataFrame
        regime, quarter_end, and a column for each limit on deliveries: shares that add to one.
    paradox : DataFrame
        limits (``calibrated``, ``slack``, ``unsaturated``), elasticity, year, quantity, median:
        changes in logs after a doubling of efficiency; held, the share of draws that they are of.
    elasticity : array
        Draws of the elasticity of demand, the first as calibrated.
    alternatives : DataFrame
        Indexed by portfolio, ``chosen`` and ``benchmark`` among them: expected_return, over_cost
        (of that, what exceeds the cost of equity), CVaR_<level>, active_risk, the weight of cash,
        and a column for the mean return in each regime.
    prospects : DataFrame
        Indexed by portfolio, ``chosen`` among them, as `Allocation.prospects` has them; without
        rows the page tells neither a median nor chances.
    by_regime : DataFrame
        Indexed by regime: what the allocation has by scenario, with the standard `error` of the
        expected return; without rows that of the allocation is shown.
    parts : DataFrame
        by (name, layer, regime), part, weight (of a regime its probability), expected_return and
        loss that it adds, with their shares of the whole; without rows the page leaves them out.
    frontier : Frontier, optional
        Of expected return and CVaR within the same limits; without it the page leaves it out.
    ranges : DataFrame
        Indexed by ticker: the lowest and the highest weight of portfolios whose objective is at
        most `WITHIN` below the best; without rows the page tells weights alone.
    reasons : DataFrame
        Indexed by ticker, largest weight first, as `Allocation.reasons` has them: weight, notable
        (empty where a company goes unmentioned), expected_return, reduced_cost, risk_share,
        sentence; without rows the page leaves them out.
    alternative_weights : DataFrame
        Their weights, [ticker x portfolio].
    value : DataFrame
        Indexed by ticker: what the model and the market value, what prices imply, and expected
        return in its parts, as :meth:`marketsim.valuation.Valuation.table` has them; without rows
        the page leaves value out.
    valuation : DataFrame
        Indexed by what valuation assumes: value; unit, meaning and what a prior standard deviation
        does, portfolio_per_sd, where that is known. Read by name where present: `risk_free`,
        `equity_premium`, `pull`.

    Raises
    ------
    DataError
        A frame lacks a column; all faults are named at once.
    """

    FEW: ClassVar[int] = 4
    """So many regimes can stand side by side; of more, the page picks."""
    WITHIN: ClassVar[float] = 1e-3
    """Of expected return: what is worse by less is nearly as good."""
    BANDS: ClassVar[int] = 3
    """So many bands can lie on each other."""

    meta: Mapping[str, Any]
    allocation: Allocation
    scenarios: pd.DataFrame
    revenue_fan: pd.DataFrame
    world_fan: pd.DataFrame
    fit: pd.DataFrame
    fit_paths: pd.DataFrame
    sensitivities: pd.DataFrame
    names: Mapping[str, str]
    layers: Mapping[str, str]
    flagship: str = ""
    outlook: pd.DataFrame = field(default_factory=pd.DataFrame)
    binding: pd.DataFrame = field(default_factory=pd.DataFrame)
    paradox: pd.DataFrame = field(default_factory=pd.DataFrame)
    elasticity: Floats = field(default_factory=lambda: np.empty(0))
    value: pd.DataFrame = field(default_factory=pd.DataFrame)
    valuation: pd.DataFrame = field(default_factory=pd.DataFrame)
    alternatives: pd.DataFrame = field(default_factory=pd.DataFrame)
    alternative_weights: pd.DataFrame = field(default_factory=pd.DataFrame)
    prospects: pd.DataFrame = field(default_factory=pd.DataFrame)
    ranges: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_regime: pd.DataFrame = field(default_factory=pd.DataFrame)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    reasons: pd.DataFrame = field(default_factory=pd.DataFrame)
    information: pd.DataFrame = field(default_factory=pd.DataFrame)
    implied: pd.DataFrame = field(default_factory=pd.DataFrame)
    apart: pd.DataFrame = field(default_factory=pd.DataFrame)
    apart_regimes: tuple[str, str] = ("", "")
    neutral: pd.DataFrame = field(default_factory=pd.DataFrame)
    trades: pd.DataFrame = field(default_factory=pd.DataFrame)
    stress: ReverseStress | None = None
    frontier: Frontier | None = None

    def __post_init__(self) -> None:
        faults = [
            f"report contents: '{name}' lacks the column '{column}'"
            for name, columns in (COLUMNS | OPTIONAL).items()
            if name in COLUMNS or len(getattr(self, name))
            for column in columns
            if column not in getattr(self, name).columns
        ]
        if faults:
            raise DataError("\n".join(faults))

    @property
    def regimes(self) -> list[str]:
        """The regimes in the order to be shown."""
        return [str(regime) for regime in self.scenarios.index]

    @property
    def by_scenario(self) -> pd.DataFrame:
        """What the portfolio returns in each regime, with the error of that where it is known."""
        if len(self.by_regime):
            return self.by_regime.astype(float)
        return self.allocation.by_scenario.astype(float).assign(error=np.nan)

    @property
    def crowded(self) -> bool:
        """Whether there are too many regimes to show all of them alike."""
        return len(self.regimes) > self.FEW

    def likeliest(self, count: int) -> list[str]:
        """The `count` most probable regimes, the most probable first; ties keep their order."""
        # Renormalised probabilities differ in their last digit where they were given as equal.
        odds = self.scenarios["probability"].astype(float).round(9)
        order = odds.sort_values(ascending=False, kind="stable").index
        return [str(regime) for regime in order[:count]]

    @property
    def banded(self) -> list[str]:
        """The regimes whose bands are drawn while all are shown."""
        return self.likeliest(self.BANDS) if self.crowded else self.regimes

    @property
    def weights(self) -> pd.Series[float]:
        """Weights by ticker, largest first; equal weights in alphabetical order."""
        weights = self.allocation.weights
        return weights.sort_index().sort_values(ascending=False, kind="stable")

    @property
    def held(self) -> pd.Series[float]:
        """The weights a reader would call a holding: 0.05 % and more."""
        return self.weights[self.weights >= 0.0005]

    @property
    def companies(self) -> pd.Series[float]:
        """The holdings without cash."""
        return self.held.drop(CASH, errors="ignore")

    @property
    def examined(self) -> pd.Series[float]:
        """Weights of all companies, held or not, without cash."""
        return self.weights.drop(CASH, errors="ignore")

    @property
    def cash(self) -> float:
        """Weight of cash, 0 where it is no holding."""
        return float(self.held.get(CASH, 0.0))

    @property
    def layer_weights(self) -> pd.Series[float]:
        """Weight by layer, largest first, of the layers that hold any."""
        layers = [self.layer(ticker) for ticker in self.held.index]
        return self.held.groupby(layers).sum().sort_values(ascending=False, kind="stable")

    @cached_property
    def growth(self) -> pd.DataFrame:
        """Growth a year of revenue, from the last four quarters reported to the next four shown.

        Of medians, [ticker x regime]; not known where either has fewer than four. Books close in
        other months than the calendar's quarters, so that the two years may lie more than one
        apart: what is shown is the rate of one.
        """
        rows = self.revenue_fan.sort_values("quarter_end")
        reported = rows[rows["regime"] == REPORTED].dropna(subset="p50").groupby("ticker")
        last = reported["quarter_end"].max().reindex(rows["ticker"]).set_axis(rows.index)
        coming = rows[(rows["quarter_end"] > last) & (rows["regime"] != REPORTED)]
        known = _years(reported.tail(4), ["ticker"])
        ahead = _years(coming.groupby(["ticker", "regime"]).head(4), ["ticker", "regime"])
        before = known.reindex(ahead.index.get_level_values("ticker")).set_axis(ahead.index)
        apart = (ahead["middle"] - pd.to_datetime(before["middle"])).dt.days / 365.25
        rates = (ahead["sum"] / before["sum"]) ** (1.0 / apart) - 1.0
        return rates.unstack("regime").reindex(index=self.weights.index, columns=self.regimes)

    def name(self, ticker: str) -> str:
        """Company of a ticker, or the ticker itself."""
        return "Cash" if ticker == CASH else self.names.get(ticker, ticker)

    @property
    def leader(self) -> str:
        """Ticker of the series that leads."""
        return self.flagship.partition(".")[0]

    def layer(self, ticker: str) -> str:
        """Layer of a ticker, or `other`."""
        return self.layers.get(ticker, "other")

    @property
    def tail(self) -> str:
        """The share of worlds that the conditional value at risk averages over, in words."""
        level = next(
            (
                str(key).removeprefix("CVaR_")
                for key in self.allocation.risk.index
                if str(key).startswith("CVaR_")
            ),
            "",
        )
        return (
            f"worst {100 - float(level):g}\N{NO-BREAK SPACE}% of worlds"
            if level
            else "worst worlds"
        )

    def risk(self, measure: str) -> float:
        """First risk figure whose label starts with `measure`; NaN where there is none."""
        risk = self.allocation.risk
        return next(
            (float(risk[key]) for key in risk.index if str(key).startswith(measure)),
            float("nan"),
        )


def _years(rows: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return the sum of p50 over four quarters and the middle of their dates, by group."""
    found = rows.groupby(groups).agg(
        sum=("p50", "sum"), middle=("quarter_end", "mean"), size=("p50", "size")
    )
    return found.loc[(found["size"] == 4) & (found["sum"] > 0.0), ["sum", "middle"]]
