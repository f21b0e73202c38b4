"""News on investors' appetite in the window; docs/generate.py writes them as a table."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

import marketsim as ms
from marketsim.calibration.window import HISTORY, SPAN
from marketsim.model import NEWS

LARGE: Final = 0.1
"""In logs: what news has to explain."""


def appetite(posterior: ms.Posterior) -> pd.DataFrame:
    """Return ``news`` in logs at the mode, their ``error``, and the ``level``, by quarter."""
    entries, kind, a = len(posterior.entries), NEWS.index("appetite"), posterior.assumptions
    own = slice(entries + kind * SPAN, entries + kind * SPAN + HISTORY)
    size, kept = float(a.appetite_volatility), float(a.appetite_persistence)
    news = size * posterior.mode[own]
    error = size * np.sqrt(np.diag(posterior.covariance)[own])
    since = np.subtract.outer(np.arange(HISTORY), np.arange(HISTORY))
    level = np.where(since >= 0, kept ** np.maximum(since, 0), 0.0) @ news
    columns = {"news": news, "error": error, "level": level}
    return pd.DataFrame(columns, index=posterior.window.quarters)


def large(rows: pd.DataFrame) -> pd.Series:
    """Return the news that are large."""
    return rows["news"][rows["news"].abs() > LARGE]


def table(posterior: ms.Posterior) -> str:
    """Return the news and the level by quarter in Markdown, and how much is left of them."""
    rows = appetite(posterior)
    lines = ["| | Q1 | Q2 | Q3 | Q4 |", "|---|---|---|---|---|"]
    for year, own in rows.groupby(pd.PeriodIndex(rows.index).year):
        for name, words in (("news", "news"), ("level", "level after them")):
            told = " | ".join(f"{x:+.2f}" for x in own[name])
            lines.append(f"| {year}, {words} | {told} |")
    return "\n".join([*lines, "", _left(rows)])


def _left(rows: pd.DataFrame) -> str:
    beyond = large(rows)
    rest = rows["news"].drop(beyond.index)
    named = ", ".join(f"{quarter} ({x:+.2f})" for quarter, x in beyond.items())
    peak = int(rows["level"].to_numpy().argmax())
    return (
        f"Root mean square of the news: {_size(rows['news'])} a quarter, each known to "
        f"{rows['error'].mean():.2f}. Beyond {LARGE:g} are {named}; that of the other "
        f"{len(rest)} quarters is {_size(rest)}, and none is beyond {rest.abs().max():.2f}. The "
        f"level is highest in {rows.index[peak]}, at {rows['level'].iloc[peak]:+.2f}."
    )


def _size(news: pd.Series) -> str:
    return f"{np.sqrt((news**2).mean()):.3f}"
