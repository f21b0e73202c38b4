"""What a portfolio hangs on besides assumptions: the odds of regimes, and its limits."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation

from .local import transposed
from .smoothed import SmoothedOptimum
from .worth import by_term

__all__ = ["by_limit", "by_odds"]

FloatArray = NDArray[np.float64]

EVER: Final = 1e-9
"""Less than certain: where a regime is certain, nothing gives way to more of it."""

POINT: Final = 0.01
"""Of probability."""

FELT: Final = 1e-9
"""Multiplier below which a limit costs nothing."""


def by_odds(choice: Allocation, best: SmoothedOptimum) -> pd.DataFrame:
    """Return derivatives by the probability of each regime, others giving way in proportion.

    Of regimes that may be, and may not.

    Returns
    -------
    DataFrame [regime]
        ``probability``; and per point of it, each term of the allocation at the weights held,
        ``objective`` at its best, and by ticker the best ``weight_<TICKER>``.
    """
    odds = best.given.probabilities
    draws = choice.returns.regimes
    names = [n for n in choice.returns.regime_names() if 0.0 < odds[draws == n].sum() < 1.0 - EVER]
    if not names:
        return pd.DataFrame()
    member = np.array([draws == name for name in names])
    chance = member @ odds
    more = [_more_of(rows, odds, p) for rows, p in zip(member, chance, strict=True)]
    none = np.zeros(len(best.weights))
    terms = {
        repr(term): transposed(local, best.given.returns, odds, 1.0, none)[1]
        for term, local in by_term(best.problem, best.at).items()
    }
    terms["objective"] = best.vjp(d_value=1.0).probabilities
    found = pd.DataFrame({"probability": chance}, index=pd.Index(names, name="regime"))
    for term, slope in terms.items():
        found[f"{term}_per_point"] = [POINT * float(slope @ change) for change in more]
    weights = [POINT * best.jvp(d_probabilities=change).weights for change in more]
    answers = pd.DataFrame(weights, index=found.index).add_prefix("weight_")
    return found.join(answers.add_suffix("_per_point"))


def by_limit(best: SmoothedOptimum) -> pd.DataFrame:
    """Return what a unit more of each limit would add to the objective, dearest first.

    Returns
    -------
    DataFrame [limit]
        ``bound`` as it was given, and ``objective_per_unit``, of limits that cost something.
    """
    found = pd.DataFrame({"bound": best.sides, "objective_per_unit": best.multipliers})
    size = found["objective_per_unit"].abs()
    order = size[size > FELT].sort_values(ascending=False, kind="stable").index
    return found.loc[[name for name in order if name != "budget"]].rename_axis("limit")


def _more_of(rows: NDArray[np.bool_], odds: FloatArray, chance: float) -> FloatArray:
    """Return by how much the odds of draws change for each unit more of a regime, [draw]."""
    others = odds / (1.0 - chance)
    return np.asarray(np.where(rows, odds / chance, -others))
