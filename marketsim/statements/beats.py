"""By how much outcomes beat what was said of them: learnt of every company, shrunk to all.

The log of an outcome over what was said has a mean and a variance of the company's own, drawn to
those of all companies, which are drawn to what was expected before any had come true. Errors have
the tails of a Student-t, so that one collapse does not make all later guidance worthless. Where the
gap between what was said and what the company's trend led one to expect is known, the beat moves
with it: who says much more than the trend says too little still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from .kinds import Statement

__all__ = ["Beats", "learnt"]

COMPANY: Final = 4.0
"""Statements that the pool counts as, against a company's own, for its mean and its variance."""
POOL: Final = 6.0
"""Statements that what is expected beforehand counts as."""
TAILS: Final = 4.0
"""Degrees of freedom of the errors."""
SLOPE: Final = 0.1
"""Prior standard deviation of the part of a gap that a statement leaves out, about none."""
ROUNDS: Final = 30


@dataclass(frozen=True, eq=False)
class Beats:
    """Bias and variance of a kind of statement.

    Attributes
    ----------
    company
        Mean and variance by company, as of a statement of which all lies ahead.
    pool
        The same of a company of which nothing came true yet.
    slope
        Part of a gap by which the outcome goes beyond what was said.
    fades
        As of the kind.
    """

    company: Mapping[str, tuple[float, float]]
    pool: tuple[float, float]
    slope: float
    fades: float

    def of(self, entity: str, left: float, doubt: float, gap: float = 0.0) -> tuple[float, float]:
        """Return mean and variance of the log of an outcome over what was said.

        Parameters
        ----------
        entity
            As in the facts.
        left
            Share of what it covers that was not reported yet.
        doubt
            Factor on the standard deviation.
        gap
            Log of what was said over what the trend expected.
        """
        mean, variance = self.company.get(entity, self.pool)
        fades = left**self.fades
        return fades * mean + self.slope * gap, variance * (fades * doubt) ** 2


def learnt(kind: Statement, past: pd.DataFrame) -> Beats:
    """Return what the ``past`` of a kind of statement teaches.

    Parameters
    ----------
    kind
        Of statement.
    past
        From :func:`~marketsim.statements.came_true`, with `gap`, NaN where unknown.

    Notes
    -----
    Means and variances given the weights of the errors, and the weights given those, in turn: the
    EM of the Student-t (Lange, Little and Taylor 1989). Several statements on one year count as one
    together, and so do rolling ones of as many quarters as they cover, which share all but one.
    """
    fades = past["left"].to_numpy() ** kind.fades
    ratio, gap = past["ratio"].to_numpy() / fades, past["gap"].fillna(0.0).to_numpy() / fades
    trust = past["doubt"].to_numpy() ** -2.0
    share = 1.0 / past.groupby(["entity", "number"])["ratio"].transform("size").to_numpy()
    share = share / (kind.quarters if kind.rolls else 1)
    names, company = np.unique(past["entity"].to_numpy(dtype=str), return_inverse=True)
    count = len(names)

    def by_company(x: np.ndarray) -> np.ndarray:
        return np.bincount(company, x, minlength=count)

    mean, variance = np.full(count, kind.beat), np.full(count, kind.spread**2)
    pool, slope = (kind.beat, kind.spread**2), 0.0
    for _ in range(ROUNDS):
        error = ratio - mean[company] - slope * gap
        tame = (TAILS + 1.0) / (TAILS + trust * error**2 / variance[company])
        weight = share * trust * tame
        exact = weight / variance[company]
        slope = (exact * gap * (ratio - mean[company])).sum() / ((exact * gap**2).sum() + SLOPE**-2)
        rest = ratio - slope * gap
        centre = (weight @ rest + POOL * kind.beat) / (weight.sum() + POOL)
        spread = weight @ (rest - centre) ** 2 + POOL * kind.spread**2
        pool = centre, spread / (share.sum() + POOL)
        mean = (by_company(weight * rest) + COMPANY * pool[0]) / (by_company(weight) + COMPANY)
        squares = by_company(weight * (rest - mean[company]) ** 2)
        variance = (squares + COMPANY * pool[1]) / (by_company(share) + COMPANY)
    known = 1.0 + 1.0 / (by_company(share * trust) + COMPANY)
    company_of = {
        n: (float(m), float(v)) for n, m, v in zip(names, mean, variance * known, strict=True)
    }
    of_pool = float(pool[0]), float(pool[1] * (1.0 + 1.0 / COMPANY))
    return Beats(company_of, of_pool, float(slope), kind.fades)
