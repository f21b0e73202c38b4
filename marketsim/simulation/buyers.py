"""What builders of sites pay, once those whom they pay have lives of their own.

Buyers pay what sellers earn. What companies of the book earn from builders is their own revenue in
a world; what builders pay others, whom nobody lists, goes with what is forecast of the largest
owners' own spending. So capital spending is added up from below (Hyndman, Ahmed, Athanasopoulos and
Shang 2011), the one part of which no report tells from what owners say, and no seller, nor all of
them together, can earn more than is spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.forecasting.book import book_of, first_paid
from marketsim.model.units import YEARS

__all__ = ["SPENT", "spent_over"]

FloatArray = NDArray[np.float64]

SPENT: Final = "capital_spending", "borrowers_spending"
"""Quantities of the world that are what builders pay, or a part of it."""


def spent_over(
    posterior: Posterior,
    values: FloatArray,
    log_base: Any,
    seen: Mapping[str, Any],
    lives: FloatArray,
    owners: FloatArray,
) -> FloatArray:
    """Return what builders pay over what the model has of it, [world, quarter].

    Parameters
    ----------
    posterior
        Of the worlds.
    values
        Their assumptions from the decision date on, [world, entry].
    log_base
        Revenue that no layer pays at the decision date, ln USD bn per quarter, [world, line].
    seen
        What is `kept` of the quarters after it.
    lives
        Revenue of companies over what the model has of it, [world, quarter, company].
    owners
        The same of what the largest owners spend, [world, quarter].
    """
    book, spending = book_of(posterior), np.asarray(seen["spending"], dtype=float)
    parts, listed = book.parts(spending), np.zeros(spending.shape[:2])
    for place, company in enumerate(book.sellers):
        base = _base(posterior, values, log_base, spending.shape[1], company)
        drawn = seen["lines"][..., company] - base
        listed += drawn * parts[..., place] * lives[..., company]
    return np.asarray((listed + book.rest(spending) * owners) / sum(first_paid(spending)))


def _base(
    posterior: Posterior, values: FloatArray, log_base: Any, quarters: int, company: int
) -> FloatArray:
    """Return a company's revenue that no layer pays, USD bn per quarter, [world, quarter]."""
    growing = [i for i, entry in enumerate(posterior.entries) if entry.field == "base_growth"]
    years, found = YEARS * np.arange(quarters), np.zeros((len(values), quarters))
    for line in np.flatnonzero(posterior.revenue_map.owner[company]):
        found += np.exp(log_base[:, line, None] + values[:, growing[line], None] * years)
    return found
