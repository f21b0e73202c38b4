"""How sure a backtest's Sharpe ratio is: over time, and after the variants that were tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..backtesting.inference import (
    SharpeEstimate,
    deflated_sharpe,
    rolling_sharpe,
    sharpe_estimate,
)
from ..backtesting.measures import span
from .backtest_figures import Curve, curves
from .formats import MISSING, number, percent
from .palette import INK, UP
from .svg import tag
from .tables import Column, Table

if TYPE_CHECKING:
    from ..backtesting import BacktestResult

__all__ = ["rolling_figure", "sharpe_sentence", "sharpe_table", "sure"]

COUNTED = (1, 10, 100)
"""Variants for which the table has a column, beside those that were told of."""

REACH = 1.96


def rolling_figure(result: BacktestResult) -> Markup | None:
    """The ratio over the last year with its band, and equal weight's; None of less than a year."""
    own, rival = _excess(result, result.returns), _excess(result, result.equal_weight)
    window = _rate(result)
    found, other = rolling_sharpe(own, window), rolling_sharpe(rival, window)
    if len(found) < 2:
        return None
    lines = [Curve(result.strategy, found["sharpe_ratio"], UP)]
    if len(other):
        lines.insert(0, Curve("equal weight", other["sharpe_ratio"], INK, "5 3"))
    label = "Sharpe ratio over the last year, with a band of 95 %"
    return curves(lines, label, 220.0, "ratio", found[["low", "high"]])


def sharpe_sentence(result: BacktestResult, batch: str | None = None) -> Markup:
    """The ratio, its error, what is left of it, and for how many variants: `batch` counts more."""
    estimate = sharpe_estimate(_excess(result, result.returns))
    year = np.sqrt(_rate(result))
    if not np.isfinite(estimate.ratio):
        return Markup(
            "There are too few returns over cash, or they are all the same: no ratio is known."
        )
    return Markup(
        f"The Sharpe ratio of {number(year * estimate.ratio, 2)} a year is an estimate with a "
        f"standard error of {number(year * estimate.error, 2)}. "
    ) + (_left(result) if batch is None else _alone(result, batch))


def _alone(result: BacktestResult, batch: str) -> Markup:
    """How probable the ratio of a job is by itself, and where all that were tried are counted."""
    return Markup(
        "The probability that the true one is above zero is {} by itself. The job is one of a "
        "batch: what is left of it as the best of all that were tried stands in {}."
    ).format(sure(result.deflated_sharpe()), tag("a", "the summary", href=batch))


def _left(result: BacktestResult) -> str:
    """How probable the ratio is, and for how many variants it was counted."""
    left = sure(result.deflated_sharpe())
    if result.trials == 1:
        return (
            f"The probability that the true one is above zero is {left}, counted as the only "
            "variant that was tried; where it was picked from several it is less."
        )
    return (
        f"It is counted as the best of {result.trials:,} variants tried: the probability that the "
        f"true one is above what the best of so many would show by luck alone is {left}."
    )


def sharpe_table(result: BacktestResult) -> Table:
    """Ratios over cash, equal weight and the benchmark; how probable they are by variants tried."""
    trials = sorted({*COUNTED, result.trials})
    columns = [
        Column("Mean over deviation, a year", "text"),
        Column("Ratio"),
        Column("95 % interval"),
        Column("Skewness"),
        Column("Kurtosis"),
        *(Column(f"Best of {n:,}" if n > 1 else "One variant") for n in trials),
    ]
    rows = [
        [f"Over {name}", *_row(sharpe_estimate(excess), _rate(result), trials)]
        for name, excess in _against(result).items()
    ]
    return Table(columns, rows)


def _row(estimate: SharpeEstimate, rate: int, trials: list[int]) -> list[str]:
    if not np.isfinite(estimate.ratio):
        return [MISSING] * (4 + len(trials))
    year = np.sqrt(rate)
    low, high = (year * (estimate.ratio + way * REACH * estimate.error) for way in (-1, 1))
    return [
        number(year * estimate.ratio, 2),
        f"{number(low, 2)} to {number(high, 2)}",
        number(estimate.skewness, 1),
        number(estimate.kurtosis, 1),
        *(sure(deflated_sharpe(estimate, n)) for n in trials),
    ]


def sure(probability: float) -> str:
    """A probability in per cent; never all, never nothing."""
    if not np.isfinite(probability):
        return MISSING
    if probability > 0.9995:
        return f"over {percent(0.999)}"
    return f"under {percent(0.001)}" if probability < 0.0005 else percent(probability)


def _against(result: BacktestResult) -> dict[str, pd.Series]:
    """Returns over cash, and over what the strategy is held against."""
    own = result.returns
    found = {
        "cash": _excess(result, own),
        "equal weight": (own - result.equal_weight).iloc[1:],
    }
    if result.benchmark is None:
        return found
    return found | {str(result.benchmark.name): (own - result.benchmark).iloc[1:]}


def _excess(result: BacktestResult, returns: pd.Series) -> pd.Series:
    return (returns - result.interest).iloc[1:]


def _rate(result: BacktestResult) -> int:
    """Returns in a year, whole."""
    rate = span(result.returns.index)[1]
    return max(2, round(rate)) if np.isfinite(rate) else 2
