"""Returns by month and year, and what of a year is over equal weight."""

from __future__ import annotations

import calendar

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..backtesting.measures import monthly_returns
from .marks import heat_cell
from .svg import drawing, tag

__all__ = ["months_figure"]

ROW, TOP, LEFT, GAP = 24.0, 26.0, 46.0, 14.0
MONTH, WIDE = 62.0, 84.0
FULL = 0.95  # quantile of sizes from which on colours are full


def months_figure(returns: pd.Series[float], rival: pd.Series[float]) -> Markup:
    """A row for each year: months, the year, and the year less that of the rival.

    Colours of months end at the 95th percentile of their sizes, and likewise those of years.
    """
    months, years = monthly_returns(returns), _by_year(returns)
    over = years - _by_year(rival)
    sides = pd.DataFrame({"year": years, "over": over})
    starts = [LEFT + 12 * MONTH + GAP, LEFT + 12 * MONTH + GAP + WIDE]
    places = [*((LEFT + MONTH * i, MONTH) for i in range(12)), *((x, WIDE) for x in starts)]
    names = [*calendar.month_abbr[1:], "Year", "Over equal"]
    heads = [
        tag("text", name, x=x + width / 2, y=TOP - 9, class_="mid")
        for name, (x, width) in zip(names, places, strict=True)
    ]
    rows = [
        tag("text", str(year), x=LEFT - 8, y=TOP + ROW * (i + 0.66), class_="left")
        for i, year in enumerate(months.index)
    ]
    cells = _cells(months, places[:12]) + _cells(sides, places[12:])
    width, height = starts[1] + WIDE, TOP + ROW * len(months)
    return drawing(width, height, "Returns by month and year, per cent", *heads, *rows, *cells)


def _by_year(returns: pd.Series[float]) -> pd.Series[float]:
    return (1.0 + returns).groupby(pd.DatetimeIndex(returns.index).year).prod() - 1.0


def _cells(table: pd.DataFrame, places: list[tuple[float, float]]) -> list[Markup]:
    values = table.to_numpy(float)
    bound = float(np.nanquantile(np.abs(values), FULL)) or 1.0
    heights = TOP + ROW * np.arange(len(table))
    return [
        heat_cell(
            float(values[i, j]),
            bound,
            f"{table.index[i]}, {table.columns[j]}",
            x,
            float(heights[i]),
            width - 1,
            ROW - 1,
            digits=1,
        )
        for i in range(len(table))
        for j, (x, width) in enumerate(places)
        if np.isfinite(values[i, j])
    ]
