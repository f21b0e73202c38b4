"""How far weights are determined: which are firm, and which could as well be others."""

from __future__ import annotations

from typing import Final

import numpy as np

from .contents import RunContents
from .formats import MISSING, NARROW, few, number, percent

__all__ = ["SURE", "beyond_chance", "firm_sentence", "nearly", "weight_range"]

FIRM: Final = 0.5
"""Share of its weight that a company must have in all portfolios nearly as good to be firm."""

SURE: Final = 2.0
"""Standard errors from which on a difference is told as one."""


def nearly(contents: RunContents) -> str:
    """What is nearly as good: `0.1 points`."""
    return f"{100.0 * contents.WITHIN:g}{NARROW}points"


def weight_range(contents: RunContents, ticker: str) -> str:
    """Between what weights a company could be held: `9-15 %`, with a dash between."""
    low, high = (float(contents.ranges[side][ticker]) for side in ("lowest", "highest"))
    return f"{number(100.0 * low, 0)}{MISSING}{percent(high, 0)}"


def firm_sentence(contents: RunContents) -> str:
    """Which holdings are firm, and which could be exchanged; nothing where it is not known."""
    held = contents.companies
    if not len(contents.ranges) or held.empty:
        return ""
    lowest = contents.ranges["lowest"].reindex(held.index).astype(float)
    firm = lowest >= FIRM * held
    parts = []
    for word, mine in (("firm", held.index[firm]), ("exchangeable", held.index[~firm])):
        if len(mine):
            names = [f"{contents.name(str(t))} ({weight_range(contents, str(t))})" for t in mine]
            parts.append(f"{few(names, 6)} {'is' if len(mine) == 1 else 'are'} {word}")
    return (
        f"Among portfolios that come within {nearly(contents)} of the best, {'; '.join(parts)}, "
        "each by itself."
    )


def beyond_chance(contents: RunContents, ticker: str) -> bool:
    """Whether more, or less, of a company does better by more than chance of the draws has it."""
    table = contents.reasons
    if "error" not in table or ticker not in table.index:
        return True
    more, error = (float(table[name].astype(float)[ticker]) for name in ("reduced_cost", "error"))
    return not np.isfinite(error) or abs(more) > SURE * error
