"""What came of a backtest and what it took, in sentences and in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..backtesting.benchmarks import MARKET
from ..backtesting.measures import wealth
from .formats import day, join, number, percent, sentence
from .narrative import Paragraph
from .tables import Column, Table

if TYPE_CHECKING:
    from ..backtesting import BacktestResult

__all__ = ["merits", "period", "story", "summary_table"]

MEASURES = {
    "final_wealth": "Final wealth, from 1",
    "annual_return": "Return a year",
    "annual_volatility": "Volatility a year",
    "sharpe_ratio": "Sharpe ratio, over what cash earned",
    "max_drawdown": "Largest drawdown",
    "annual_turnover": "Turnover a year, first purchase left out",
    "annual_cost": "Costs a year",
    "active_return": "Return a year over {}",
    "active_risk": "Active risk, against {}",
    "information_ratio": "Information ratio, against {}",
    "beta": "Beta to {}",
    "hit_rate": "Months in which {} was beaten",
}
BARE = ("final_wealth", "sharpe_ratio", "information_ratio", "beta")
SIGNED = ("annual_return", "active_return")


def period(result: BacktestResult) -> str:
    """First and last date."""
    dates = result.returns.index
    return f"{day(dates[0])} to {day(dates[-1])}"


def merits(result: BacktestResult) -> list[tuple[str, str]]:
    """The few numbers that stand above the text, each with its caption."""
    own, rival = _sides(result)
    gap = 100 * (own["annual_return"] - rival["annual_return"])
    return [
        (percent(own["annual_return"], sign=True), "return a year, after costs"),
        (number(gap, 1, sign=True), "percentage points a year over equal weight"),
        (percent(own["annual_volatility"]), "volatility a year"),
        (percent(own["max_drawdown"]), "largest drawdown"),
        (percent(own["annual_turnover"], 0), "turnover a year"),
    ]


def story(result: BacktestResult) -> list[Paragraph]:
    """The opening of the report."""
    return [
        Paragraph("What came of it", _outcome(result)),
        *(
            []
            if result.benchmark is None
            else [Paragraph("Against the benchmark", _active(result))]
        ),
        Paragraph("What it took", _effort(result)),
        Paragraph("What to hold against it", _notes(result)),
    ]


def summary_table(result: BacktestResult) -> Table:
    """The measures of the strategy, of equal weight and of the benchmark side by side."""
    against = "" if result.benchmark is None else str(result.benchmark.name)
    heads = [Column(str(name)) for name in result.summary.columns]
    rows = [
        [
            MEASURES[str(measure)].format(against),
            *(_shown(str(measure), float(value)) for value in row),
        ]
        for measure, row in result.summary.iterrows()
        if measure in MEASURES
    ]
    return Table([Column("Measure", "text"), *heads], rows)


def _shown(measure: str, value: float) -> str:
    if measure in BARE:
        return number(value, 2)
    return percent(value, 2 if measure == "annual_cost" else 1, sign=measure in SIGNED)


def _sides(result: BacktestResult) -> tuple[pd.Series[float], pd.Series[float]]:
    """The columns of the summary: the strategy, then equal weight."""
    return result.summary.iloc[:, 0].astype(float), result.summary.iloc[:, 1].astype(float)


def _outcome(result: BacktestResult) -> str:
    own, rival = _sides(result)
    return (
        f"From {period(result)}, the strategy {result.strategy} turned 1 into "
        f"{number(own['final_wealth'], 2)} after costs, {percent(own['annual_return'], sign=True)} "
        f"a year; at worst it stood {percent(own['max_drawdown'])} below its highest wealth. "
        f"Equal weights of the same companies turned 1 into {number(rival['final_wealth'], 2)}, "
        f"{percent(rival['annual_return'], sign=True)} a year, and stood at worst "
        f"{percent(rival['max_drawdown'])} below."
    )


def _active(result: BacktestResult) -> str:
    own, _ = _sides(result)
    name = "" if result.benchmark is None else str(result.benchmark.name)
    known = "the companies by market value" if name == MARKET else name
    points = 100.0 * own["active_return"]
    side = "less" if points < 0.0 else "more"
    return (
        f"It returned {number(abs(points), 1)} percentage points a year {side} than {known}, at an "
        f"active risk of {percent(own['active_risk'])}: an information ratio "
        f"of {number(own['information_ratio'], 2)}. It was ahead in {percent(own['hit_rate'], 0)} "
        f"of months, and moved by {number(own['beta'], 2)} for each 1 that the benchmark moved."
    )


def _effort(result: BacktestResult) -> str:
    own, _ = _sides(result)
    means = result.weights.mean().sort_index().sort_values(ascending=False, kind="stable").head(3)
    most = join(f"{ticker} ({percent(float(weight), 0)})" for ticker, weight in means.items())
    return (
        f"Weights were decided on {len(result.weights):,} dates. After the first purchase "
        f"{percent(own['annual_turnover'], 0)} of the portfolio changed hands in a year, and costs "
        f"took {percent(own['annual_cost'], 2)} a year: without them 1 would have become "
        f"{number(float(wealth(result.gross).iloc[-1]), 2)}. On average it held most of {most}."
    )


def _notes(result: BacktestResult) -> str:
    """The notes as sentences; the first is always the hindsight of the universe."""
    return " ".join(f"{sentence(note).rstrip('.')}." for note in result.notes)
