"""Writes the report of a backtest: one HTML page that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..backtesting.measures import drawdown, wealth
from ..files import replace_file
from .backtest_figures import Curve, bars, curves, stacked, top_weights
from .backtest_story import merits, period, story, summary_table
from .formats import layer_name
from .gains_section import (
    companies_table,
    exposure,
    gains_sentence,
    layers_table,
    shares,
    views_table,
    with_cash,
)
from .months_figure import months_figure
from .palette import DOWN, INK, SERIES, UP, layer_colour
from .provenance import provenance
from .sharpe_section import rolling_figure, sharpe_sentence, sharpe_table
from .svg import swatch
from .template import render

if TYPE_CHECKING:
    from ..backtesting import BacktestResult

__all__ = ["backtest_html", "shares", "turnover", "write_backtest_report"]

GROSS, BENCHMARK = "#88ccee", "#882255"


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


def backtest_html(result: BacktestResult, batch: str | None = None) -> str:
    """The page itself; `batch` is the way from it to the summary of the batch that it is one of."""
    values: dict[str, object] = {
        "title": f"Backtest of {result.strategy}",
        "subtitle": f"{period(result)} · {result.holdings.shape[1]} companies",
        "merits": merits(result),
        "story": story(result),
        "provenance": provenance({"strategy": result.strategy, **_said(result, batch)}),
    }
    parts = (
        _wealth(result),
        _sureness(result, batch),
        _gains(result),
        _weights(result),
        _trading(result),
    )
    for part in parts:
        values |= part
    return render("backtest.html.j2", values)


def turnover(trades: pd.DataFrame) -> pd.Series[float]:
    """Half of what was bought and sold on each date of trading, as a fraction of wealth."""
    return trades.abs().sum(axis=1) / 2


def _wealth(result: BacktestResult) -> dict[str, object]:
    grown = [
        *([] if result.benchmark is None else [_benchmark(result, wealth(result.benchmark))]),
        Curve("equal weight", wealth(result.equal_weight), INK, "5 3"),
        Curve(f"{result.strategy}, before costs", wealth(result.gross), GROSS),
        Curve(result.strategy, wealth(result.returns), UP),
    ]
    fallen = [
        *([] if result.benchmark is None else [_benchmark(result, -drawdown(result.benchmark))]),
        Curve("equal weight", -drawdown(result.equal_weight), INK, "5 3"),
        Curve(result.strategy, -drawdown(result.returns), UP),
    ]
    return {
        "lines": [(swatch(curve.colour, curve.dash), curve.name) for curve in reversed(grown)],
        "wealth": curves(grown, "Wealth over time, from 1"),
        "drawdowns": curves(fallen, "Distance below the highest wealth so far", 190.0, "fraction"),
        "summary": summary_table(result),
        "months": months_figure(result.returns, result.equal_weight),
    }


def _benchmark(result: BacktestResult, values: pd.Series[float]) -> Curve:
    name = "" if result.benchmark is None else str(result.benchmark.name)
    return Curve(name, values, BENCHMARK, "9 3 2 3")


def _said(result: BacktestResult, batch: str | None) -> dict[str, Any]:
    """What its record says; a job of a batch does not know how many were tried."""
    return {name: of for name, of in result.meta.items() if batch is None or name != "trials"}


def _sureness(result: BacktestResult, batch: str | None) -> dict[str, object]:
    return {
        "rolling": rolling_figure(result),
        "sharpe_sentence": sharpe_sentence(result, batch),
        "sharpe": sharpe_table(result),
    }


def _gains(result: BacktestResult) -> dict[str, object]:
    return {
        "gains_sentence": gains_sentence(result),
        "by_layer": layers_table(result),
        "by_company": companies_table(result),
        "by_view": views_table(result),
    }


def _weights(result: BacktestResult) -> dict[str, object]:
    top, layers = top_weights(shares(with_cash(result))), exposure(result)
    colours = [layer_colour(str(name)) for name in layers.columns]
    names = [layer_name(str(name)) for name in layers.columns]
    return {
        "weights": stacked(top, "Weights over time"),
        "legend": [(colour, str(name)) for colour, name in zip(SERIES, top.columns, strict=False)],
        "layers": stacked(layers, "Weights by layer over time", colours) if names else None,
        "layer_legend": list(zip(colours, names, strict=True)),
    }


def _trading(result: BacktestResult) -> dict[str, object]:
    paid = [Curve("costs", result.costs.cumsum(), DOWN)]
    traded, ends = turnover(result.trades), result.returns.index[[0, -1]]
    traded = traded.reindex(traded.index.union(ends))
    return {
        "turnover": bars(traded, UP, "Share of the portfolio traded, by date"),
        "costs": curves(paid, "Costs so far, as a share of wealth", 150.0, "fraction"),
    }
