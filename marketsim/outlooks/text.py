"""An outlook as plain text: medians by year with marks, what lies outside, what binds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from marketsim.model.units import LIMITS

if TYPE_CHECKING:
    from .outlook import Outlook

__all__ = ["figure", "outlook_text", "published_range", "shown_years"]

MARKS: Final = {"above": "+", "below": "-", "": " "}
AHEAD: Final = (0, 1, 2, 3, 5, 7, 10)
"""Years from the first one that are shown."""


def outlook_text(outlook: Outlook) -> str:
    """Lay out an outlook for a terminal, regime by regime."""
    years = shown_years(outlook.table)
    head = (
        f"As of {outlook.as_of.date()}: medians; + lies above what was published by then, - below"
    )
    blocks = [
        "\n".join(
            [
                regime.upper(),
                *_quantities(outlook, regime, years),
                *_binding(outlook, regime, years),
            ]
        )
        for regime in outlook.regimes
    ]
    return "\n\n".join([head, *blocks, "\n".join(_outside(outlook.outside))])


def shown_years(table: pd.DataFrame) -> list[int]:
    """Return the years of a table that there is room for."""
    years = sorted(table["year"].unique())
    return [int(years[k]) for k in AHEAD if k < len(years)]


def figure(value: float) -> str:
    """Three digits, thousands parted, no exponent."""
    if not np.isfinite(value):
        return ""
    digits = 0 if value == 0.0 else max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{min(digits, 6)}f}"


def published_range(low: float, high: float) -> str:
    """A published range in words: one figure, a floor, a ceiling or both ends."""
    if low == high:
        return figure(low)
    if np.isnan(low):
        return f"at most {figure(high)}"
    return f"at least {figure(low)}" if np.isnan(high) else f"{figure(low)} to {figure(high)}"


def _quantities(outlook: Outlook, regime: str, years: list[int]) -> Iterator[str]:
    rows = outlook.table[outlook.table["regime"] == regime]
    cells = rows.assign(cell=rows["median"].map(figure) + rows["outside"].map(MARKS))
    yield _line("", "", [f"{year} " for year in years])
    for quantity in _order(rows):
        of_row = cells[cells["quantity"] == quantity]
        by_year = dict(zip(of_row["year"], of_row["cell"], strict=True))
        cells_of = [by_year.get(year, "") for year in years]
        yield _line(quantity, str(of_row["unit"].iloc[0]), cells_of)


def _order(rows: pd.DataFrame) -> list[str]:
    """Quantities in the order of the last year, which has all of them."""
    return list(rows.loc[rows["year"] == rows["year"].max(), "quantity"])


def _binding(outlook: Outlook, regime: str, years: list[int]) -> Iterator[str]:
    shares = outlook.yearly_binding().loc[regime]
    for limit in LIMITS:
        cells = [f"{100 * shares[limit][y]:.0f} " if y in shares.index else "" for y in years]
        yield _line(f"bound by {limit}", "percent", cells)


def _line(name: str, unit: str, cells: list[str]) -> str:
    return f"{name:<40}{unit:<18}{''.join(f'{cell:>10}' for cell in cells)}".rstrip()


def _outside(rows: pd.DataFrame) -> Iterator[str]:
    if rows.empty:
        yield "Nothing lies outside what was published."
        return
    yield "Outside what was published: median (10 % to 90 %), published, source"
    for _, row in rows.iterrows():
        spread = f"{figure(row['median'])} ({figure(row['p10'])} to {figure(row['p90'])})"
        known = published_range(row["published_low"], row["published_high"])
        what = f"{row['regime']} {row['year']}, {row['quantity']}, {row['unit']}"
        yield f"  {what}: {spread}, {known}; {row['source']}"
