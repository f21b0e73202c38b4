"""Writes the report of a backtest: one HTML page that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..backtesting.measures import drawdown, wealth
from ..files import replace_file
from .backtest_figures import Curve, bars, curves, stacked, top_weights
from .backtest_story import merits, period, story, summary_table
from .palette import DOWN, INK, SERIES, UP
from .provenance import provenance
from .svg import swatch
from .template import render

if TYPE_CHECKING:
    from ..backtesting import BacktestResult

__all__ = ["backtest_html", "shares", "turnover", "write_backtest_report"]

MOST_DATES = 260  # as many points of an area as a screen can tell apart


def write_backtest_report(path: Path, result: BacktestResult) -> Path:
    """Write the report of a backtest as one self-contained page.

    Parameters
    ----------
    path : Path
        The file to write; replaced as a whole or not at all.
    result : BacktestResult
        What the walk gave, with equal weights of the same universe beside it.

    Returns
    -------
    Path
        `path`.
    """
    path = Path(path)
    replace_file(path, backtest_html(result).encode())
    return path


def backtest_html(result: BacktestResult) -> str:
    """The page itself."""
    grown = _pair(result, wealth(result.returns), wealth(result.equal_weight))
    fallen = _pair(result, -drawdown(result.returns), -drawdown(result.equal_weight))
    top = top_weights(shares(result.holdings))
    paid = [Curve("costs", result.costs.cumsum(), DOWN)]
    values = {
        "title": f"Backtest of {result.strategy}",
        "subtitle": f"{period(result)} · {result.holdings.shape[1]} companies",
        "merits": merits(result),
        "story": story(result),
        "lines": [(swatch(curve.colour, curve.dash), curve.name) for curve in grown],
        "wealth": curves(grown, "Wealth over time, from 1"),
        "drawdowns": curves(fallen, "Distance below the highest wealth so far", 190.0, "fraction"),
        "weights": stacked(top, "Weights over time"),
        "legend": [(colour, str(name)) for colour, name in zip(SERIES, top.columns, strict=False)],
        "turnover": bars(turnover(result.trades), UP, "Share of the portfolio traded, by date"),
        "costs": curves(paid, "Costs so far, as a share of wealth", 150.0, "fraction"),
        "summary": summary_table(result),
        "provenance": provenance({"strategy": result.strategy, **result.meta}),
    }
    return render("backtest.html.j2", values)


def turnover(trades: pd.DataFrame) -> pd.Series[float]:
    """Half of what was bought and sold on each date of trading, as a fraction of wealth."""
    return trades.abs().sum(axis=1) / 2


def shares(holdings: pd.DataFrame) -> pd.DataFrame:
    """Holdings as shares of their sum, on dates evenly taken so that the page stays small."""
    rows = np.unique(np.linspace(0, len(holdings) - 1, MOST_DATES).round().astype(int))
    held = holdings.iloc[rows].fillna(0.0)
    return held.div(held.sum(axis=1), axis=0).fillna(0.0)


def _pair(result: BacktestResult, own: pd.Series[float], rival: pd.Series[float]) -> list[Curve]:
    return [
        Curve("equal weight", rival, INK, "5 3"),
        Curve(result.strategy, own, UP),
    ]
