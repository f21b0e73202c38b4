"""What the portfolio may come to: median, range and chances, above the text and in it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from .contents import RunContents
from .formats import join, number, percent

__all__ = ["chances_merits", "chances_sentence"]

CHOSEN: Final = "chosen"


def chances_merits(contents: RunContents) -> list[tuple[str, str]]:
    """Median, chance of a loss and of beating the benchmark, each with its caption."""
    if not len(contents.prospects):
        return []
    row = _row(contents)
    low, high = (percent(row[name], 0, sign=True) for name in ("p05", "p95"))
    told = [
        (percent(row["median"], sign=True), f"in the middle world; {low} to {high} in nine of ten"),
        (percent(row["chance_of_loss"], 0), "chance of a loss"),
    ]
    ahead = row["chance_above_benchmark"]
    if np.isfinite(ahead):
        told.append((percent(ahead, 0), "chance to return more than the benchmark"))
    return told


def chances_sentence(contents: RunContents) -> str:
    """What the mean leaves unsaid; nothing where it is not known."""
    if not len(contents.prospects):
        return ""
    row = _row(contents)
    low, high = (percent(row[name], 0, sign=True) for name in ("p05", "p95"))
    below, ahead, by = (
        row[name]
        for name in ("chance_below_cash", "chance_above_benchmark", "excess_over_volatility")
    )
    parts = [f"{percent(row['chance_of_loss'], 0)} of worlds lose money"]
    if np.isfinite(below):
        parts.append(f"{percent(below, 0)} return less than {_cash(contents)}")
    if np.isfinite(ahead):
        parts.append(f"{percent(ahead, 0)} more than the benchmark")
    ratio = f" Its excess over cash is {number(by, 2)} of its volatility."
    return (
        f"The middle world returns {percent(row['median'], sign=True)}, nine in ten between {low} "
        f"and {high}; {join(parts)}.{ratio if np.isfinite(by) else ''}"
    )


def _row(contents: RunContents) -> dict[str, float]:
    row: dict[Any, Any] = contents.prospects.loc[CHOSEN].to_dict()
    return {str(name): float(value) for name, value in row.items()}


def _cash(contents: RunContents) -> str:
    cash = contents.meta.get("cash")
    return "cash" if not cash else f"cash ({percent(float(np.expm1(cash['rate'])))} a year)"
