"""Writes the page of several backtests: curves, measures, how sure they are, how alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..backtesting.measures import drawdown, wealth
from ..files import replace_file
from .backtest_figures import Curve, curves
from .formats import MISSING, count, day, number, percent, sentence
from .palette import INK, OTHER, SERIES
from .provenance import provenance
from .sharpe_section import sure
from .svg import swatch
from .tables import Column, Table
from .template import render

if TYPE_CHECKING:
    from ..backtesting.comparing import BacktestComparison

__all__ = ["comparison_html", "write_comparison_page"]

COLOURS = [colour for colour in SERIES if colour != OTHER]
DASHES = (None, "6 3", "1.5 3", "9 3 2 3")
BENCHMARK = "2 2"

HEADS = {
    "final_wealth": "Final wealth",
    "annual_return": "Return a year",
    "annual_volatility": "Volatility",
    "max_drawdown": "Largest drawdown",
    "annual_turnover": "Turnover a year",
    "annual_cost": "Costs a year",
    "active_return": "Active return",
    "active_risk": "Active risk",
    "information_ratio": "Information ratio",
    "hit_rate": "Months ahead",
}
BARE = ("final_wealth", "information_ratio")
SIGNED = ("annual_return", "active_return")


def write_comparison_page(path: Path, told: BacktestComparison) -> Path:
    """Write several backtests as one self-contained page.

    Parameters
    ----------
    path : Path
        The file to write; replaced as a whole or not at all.
    told : BacktestComparison
        From :func:`marketsim.runs.compare_backtests`.

    Returns
    -------
    Path
        `path`.
    """
    path = Path(path)
    replace_file(path, comparison_html(told).encode())
    return path


def comparison_html(told: BacktestComparison) -> str:
    """The page itself."""
    days = told.returns.index
    grown = list(_curves(told, wealth))
    fallen = list(_curves(told, lambda returns: -drawdown(returns)))
    values = {
        "title": f"{sentence(count(len(told.folders)))} backtests beside one another",
        "subtitle": f"{day(days[0])} to {day(days[-1])} · active against {told.against}",
        "merits": _merits(told),
        "notes": [f"{sentence(note).rstrip('.')}." for note in told.notes],
        "lines": [(swatch(curve.colour, curve.dash), curve.name) for curve in reversed(grown)],
        "wealth": curves(grown, "Wealth over time, from 1"),
        "drawdowns": curves(fallen, "Distance below the highest wealth so far", 190.0, "fraction"),
        "measures": _measures_table(told),
        "against": told.against,
        "sharpe": _sharpe_table(told),
        "trials": f"{told.trials:,}",
        "correlation": _correlation_table(told),
        "provenance": provenance({"backtests": {n: str(f) for n, f in told.folders.items()}}),
    }
    return render("comparison.html.j2", values)


def _curves(told: BacktestComparison, shown: Callable[[pd.Series], pd.Series]) -> Iterator[Curve]:
    """What all are held against below, then each, the last one given first."""
    if told.benchmark is not None:
        name = told.against if told.against != "the benchmark of each" else "benchmark"
        yield Curve(name, shown(told.benchmark), OTHER, BENCHMARK)
    if told.equal_weight is not None:
        yield Curve("equal weight of the same companies", shown(told.equal_weight), INK, "5 3")
    for place, name in reversed(list(enumerate(told.returns.columns))):
        turn, colour = divmod(place, len(COLOURS))
        dash = DASHES[turn % len(DASHES)]
        yield Curve(str(name), shown(told.returns[name]), COLOURS[colour], dash)


def _merits(told: BacktestComparison) -> list[tuple[str, str]]:
    table, alike = told.measures, told.correlation.to_numpy(float)
    ratios = table["sharpe_ratio"].dropna()
    pairs = alike[np.triu_indices(len(alike), 1)]
    known = pairs[np.isfinite(pairs)]
    mean = float(known.mean()) if len(known) else float("nan")
    found = [
        (f"{told.trials:,}", "variants counted"),
        (number(mean, 2), "mean correlation of active returns"),
    ]
    if ratios.empty:
        return found
    best = str(ratios.idxmax())
    return [
        (number(float(ratios[best]), 2), f"highest Sharpe ratio: {best}"),
        (sure(float(table["deflated_sharpe"][best])), "that it is more than the luck of the best"),
        *found,
    ]


def _measures_table(told: BacktestComparison) -> Table:
    rows = [
        [str(name), *(_shown(key, float(row[key])) for key in HEADS)]
        for name, row in told.measures.iterrows()
    ]
    return Table([Column("Backtest", "text"), *map(Column, HEADS.values())], rows)


def _shown(measure: str, value: float) -> str:
    if measure in BARE:
        return number(value, 2)
    return percent(value, 2 if measure == "annual_cost" else 1, sign=measure in SIGNED)


def _sharpe_table(told: BacktestComparison) -> Table:
    columns = [
        "Sharpe ratio a year",
        "Standard error",
        "Deflated",
        "Information ratio",
        "Deflated",
    ]
    rows = [
        [
            str(name),
            number(float(row["sharpe_ratio"]), 2),
            number(float(row["sharpe_error"]), 2),
            sure(float(row["deflated_sharpe"])),
            number(float(row["information_ratio"]), 2),
            sure(float(row["deflated_information"])),
        ]
        for name, row in told.measures.iterrows()
    ]
    return Table([Column("Backtest", "text"), *map(Column, columns)], rows)


def _correlation_table(told: BacktestComparison) -> Table:
    names = [str(name) for name in told.correlation.columns]
    rows = [[name, *(_pair(told.correlation, name, other) for other in names)] for name in names]
    return Table([Column("", "text"), *map(Column, names)], rows)


def _pair(table: pd.DataFrame, name: str, other: str) -> str:
    value = float(table[other][name])
    return number(value, 2) if np.isfinite(value) else MISSING
